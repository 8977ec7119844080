import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { resetClock } from "../../../workspaces/clock.ts";
import { clockReply, expectSandbox, presentClock } from "./clock-reply.ts";

export default defineRoute({
  method: "POST",
  path: "/v1/:workspace/clock/reset/",
  summary: "Set the clock of a sandbox workspace back to real time.",
  params: z.object({ workspace: z.string() }),
  reply: { status: 200, body: clockReply },
  errors: ["authentication_failed", "not_found", "validation_error"],
  async handle({ auth, db, services }) {
    expectSandbox(auth.workspace);
    await resetClock(db, auth.workspace.workspace_id);
    return presentClock(db, auth.workspace, services);
  },
});
