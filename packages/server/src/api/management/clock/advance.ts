import { z } from "zod";
import { parseDuration } from "../../../core/duration.ts";
import { AppError } from "../../../errors.ts";
import { defineRoute } from "../../../http/route.ts";
import { readClock, sendClock } from "../../../workspaces/clock.ts";
import { clockReply, expectSandbox, presentClock } from "./clock-reply.ts";

/** How long the answer waits for the clock to arrive. */
const PATIENCE_MS = 20_000;
const LOOK_MS = 20;
/** The last instant that prints with a four-digit year. */
const LAST = new Date(Date.UTC(9999, 11, 31, 23, 59, 59, 999));

const body = z
  .object({
    by: z
      .string()
      .refine((text) => (parseDuration(text) ?? 0) > 0, "must be a duration like 30d or 1h30m")
      .optional()
      .describe("How far, as a duration."),
    to: z.iso.datetime({ offset: true }).optional().describe("To which time."),
  })
  .refine(({ by, to }) => (by === undefined) !== (to === undefined), {
    path: ["by"],
    error: "give either by (a duration) or to (a time)",
  });

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
  errors: ["authentication_failed", "not_found", "validation_error"],
  transaction: false,
  async handle({ body: { by, to }, auth, db, services }) {
    expectSandbox(auth.workspace);
    const { workspace_id } = auth.workspace;
    const base = await services.engine.clock(db);
    const { now, advancing_to } = await readClock(db, workspace_id, base);
    const from = advancing_to ?? now;
    const target =
      to === undefined ? new Date(from.getTime() + (parseDuration(by ?? "") ?? 0)) : new Date(to);
    if (target > LAST) throw new AppError("validation_error", `by: must not lead past ${LAST.toISOString()}`);
    if (target < now)
      throw new AppError("validation_error", `to: must not be before the clock's ${now.toISOString()}`);
    await sendClock(db, workspace_id, target, base);
    services.engine.wakeAt(new Date());
    const deadline = Date.now() + PATIENCE_MS;
    while (Date.now() < deadline) {
      const clock = await readClock(db, workspace_id, base);
      if (clock.advancing_to === null) break;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return presentClock(db, auth.workspace, services);
  },
});
