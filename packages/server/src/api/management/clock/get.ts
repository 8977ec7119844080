import { z } from "zod";
import { defineRoute } from "../../../http/route.ts";
import { clockReply, presentClock } from "./clock-reply.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/clock/",
  summary: "What time it is in a workspace.",
  params: z.object({ workspace: z.string() }),
  reply: { status: 200, body: clockReply },
  errors: ["authentication_failed", "not_found"],
  handle: ({ auth, db, services }) => presentClock(db, auth.workspace, services),
});
