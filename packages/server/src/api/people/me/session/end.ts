import { z } from "zod";
import { AppError } from "../../../../errors.ts";
import { endSessionById } from "../../../../people/sessions.ts";
import { selfOf } from "../../acting.ts";
import { definePeopleRoute } from "../../surface.ts";

export default definePeopleRoute({
  method: "DELETE",
  path: "/v1/people/me/session/:session_id/",
  summary: "End one of one's own sessions",
  params: z.object({ session_id: z.string() }),
  reply: { status: 204 },
  errors: ["not_found"],
  async handle({ params: { session_id }, auth, db }) {
    if (await endSessionById(db, selfOf(auth).member_id, session_id)) return;
    throw new AppError("not_found", `session '${session_id}' not found`);
  },
});
