import { z } from "zod";
import { parseDuration } from "../../../core/time/duration.ts";
import { AppError } from "../../../errors.ts";
import { defineRoute } from "../../../http/route.ts";
import { type ClockMove, FIRST_CLOCK, LAST_CLOCK, readClock, sendClock } from "../../../workspaces/clock.ts";
import { clockReply, expectSandbox, presentClock } from "./clock-reply.ts";

/** How long the response waits for the clock to arrive. */
const PATIENCE_MS = 20_000;
const LOOK_MS = 20;
const LONGEST_MS = LAST_CLOCK.getTime() - FIRST_CLOCK.getTime();

const body = z
  .strictObject({
    by: z
      .string()
      .refine((text) => (parseDuration(text) ?? 0) > 0, "must be a duration like 30d or 1h30m")
      .refine(
        (text) => (parseDuration(text) ?? 0) <= LONGEST_MS,
        `must not lead past ${LAST_CLOCK.toISOString()}`,
      )
      .optional()
      .describe("How far, as a duration: from where the clock is, or is on its way to."),
    to: z.iso
      .datetime({ offset: true })
      .optional()
      .describe("To which time; a clock that is on its way further goes on to there."),
  })
  .refine(({ by, to }) => (by === undefined) !== (to === undefined), {
    path: ["by"],
    error: "give either by (a duration) or to (a time)",
  })
  .meta({ examples: [{ by: "30d" }] });

export default defineRoute({
  method: "POST",
  path: "/v1/:workspace/clock/advance/",
  summary: "Move the clock of a sandbox workspace forward, through everything that becomes due on the way.",
  params: z.object({ workspace: z.string() }),
  body,
  reply: {
    status: 200,
    body: clockReply,
    description: "`advancing_to` is set while it is still on its way.",
  },
  errors: ["authentication_failed", "not_found", "validation_error", "conflict"],
  transaction: false,
  async handle({ body: { by, to }, auth, db, services }) {
    expectSandbox(auth.workspace);
    const { workspace_id } = auth.workspace;
    const base = await services.engine.clock(db);
    const move = to === undefined ? { by_ms: parseDuration(by ?? "") ?? 0 } : new Date(to);
    if (!(await sendClock(db, workspace_id, move, base))) {
      const { now } = await readClock(db, workspace_id, base);
      throw new AppError("validation_error", whyNot(move, now));
    }
    services.engine.wakeAt(new Date());
    const deadline = Date.now() + PATIENCE_MS;
    while (Date.now() < deadline) {
      const clock = await readClock(db, workspace_id, base);
      if (clock.advancing_to === null) break;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    const { now, advancing_to } = await readClock(db, workspace_id, base);
    if (move instanceof Date && advancing_to === null && now < move) {
      throw new AppError(
        "conflict",
        `the clock was frozen or reset on its way; it shows ${now.toISOString()}`,
      );
    }
    return presentClock(db, auth.workspace, services);
  },
});

function whyNot(move: ClockMove, now: Date): string {
  if (!(move instanceof Date)) return `by: must not lead past ${LAST_CLOCK.toISOString()}`;
  return move < now
    ? `to: must not be before the clock's ${now.toISOString()}`
    : `to: must not lie after ${LAST_CLOCK.toISOString()}`;
}
