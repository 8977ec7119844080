import { z } from "zod";
import { endOtherSessions } from "../../../../people/sessions.ts";
import { selfOf } from "../../acting.ts";
import { definePeopleRoute } from "../../surface.ts";

export default definePeopleRoute({
  method: "DELETE",
  path: "/v1/people/me/session/",
  summary: "End all of one's own sessions but this one",
  reply: { status: 200, body: z.object({ ended: z.int() }) },
  async handle({ auth, db }) {
    const { member_id, session_id } = selfOf(auth);
    return { ended: await endOtherSessions(db, member_id, session_id) };
  },
});
