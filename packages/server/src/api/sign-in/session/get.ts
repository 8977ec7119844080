import { z } from "zod";
import { findMember } from "../../../people/members.ts";
import { presentSelf, selfShape } from "../present-entry.ts";
import { defineSignInRoute } from "../surface.ts";

export default defineSignInRoute({
  method: "GET",
  path: "/v1/auth/session/",
  summary: "Who is signed in, and how one can sign in",
  reply: {
    status: 200,
    body: z.object({
      member: selfShape.nullable().describe("Null: nobody is signed in."),
      session_id: z.string().nullable(),
      signs_in_locally: z
        .boolean()
        .describe(
          "This visitor sits at the server's machine and nobody has a password: `POST /v1/auth/local/` does.",
        ),
    }),
  },
  async handle({ auth: { member, visitor }, db, services }) {
    const found = member === undefined ? null : await findMember(db, member.member_id);
    return {
      member: found === null ? null : await presentSelf(services, found),
      session_id: member?.session_id ?? null,
      signs_in_locally: visitor.is_local && (await services.people.signIn.isOpenLocally()),
    };
  },
});
