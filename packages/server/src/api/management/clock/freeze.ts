import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { CLOCK_BOUNDS, freezeClock, isClock } from "../../../workspaces/clock.ts";
import { clockReply, expectSandbox, presentClock } from "./clock-reply.ts";

const body = z
  .strictObject(
    {
      at: z.iso
        .datetime({ offset: true })
        .refine(isClock, CLOCK_BOUNDS)
        .optional()
        .describe("Set it to this time; absent: now."),
    },
    {
      // Ignoring a misnamed key would leave the clock where it stands.
      error: ({ code }) => (code === "unrecognized_keys" ? "the only key is at" : "must be a map: {at?}"),
    },
  )
  .optional();

export default defineRoute({
  method: "POST",
  path: "/v1/:workspace/clock/freeze/",
  summary: "Stop the clock of a sandbox workspace: nothing becomes due until it is advanced.",
  params: z.object({ workspace: z.string() }),
  body,
  reply: { status: 200, body: clockReply },
  errors: ["authentication_failed", "not_found", "validation_error"],
  async handle({ body, auth, db, services }) {
    expectSandbox(auth.workspace);
    const at = body?.at === undefined ? null : new Date(body.at);
    await freezeClock(db, auth.workspace.workspace_id, at, await services.engine.clock(db));
    return presentClock(db, auth.workspace, services);
  },
});
