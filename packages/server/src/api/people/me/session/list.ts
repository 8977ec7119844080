import { z } from "zod";
import { listSessions } from "../../../../people/sessions.ts";
import { selfOf } from "../../acting.ts";
import { definePeopleRoute } from "../../surface.ts";

const sessionShape = z.object({
  id: z.string(),
  method: z.string().describe("How they signed in."),
  address: z.string(),
  user_agent: z.string(),
  created_at: z.string(),
  last_seen_at: z.string(),
  expires_at: z.string(),
  is_current: z.boolean(),
});

export default definePeopleRoute({
  method: "GET",
  path: "/v1/people/me/session/",
  summary: "One's own sessions, the last used first",
  reply: { status: 200, body: z.object({ results: z.array(sessionShape) }) },
  async handle({ auth, db }) {
    const { member_id, session_id } = selfOf(auth);
    const sessions = await listSessions(db, member_id);
    const results = sessions.map(({ created_at, last_seen_at, expires_at, ...session }) => ({
      ...session,
      created_at: created_at.toISOString(),
      last_seen_at: last_seen_at.toISOString(),
      expires_at: expires_at.toISOString(),
      is_current: session.id === session_id,
    }));
    return { results };
  },
});
