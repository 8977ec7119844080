import { z } from "zod";
import { findMember, replaceGrants, withGrant } from "../../../people/members.ts";
import { guardGrants, placeOf } from "../acting.ts";
import { roleField, workspaceField } from "../role-fields.ts";
import { definePeopleRoute } from "../surface.ts";
import { memberNotFound, memberShape, presentMember } from "./present-member.ts";

export default definePeopleRoute({
  method: "PUT",
  path: "/v1/people/member/:member_id/role/",
  summary: "Give a member a role in a workspace or in all, or take it away",
  params: z.object({ member_id: z.string() }),
  body: z.object({
    workspace: workspaceField,
    role: roleField.nullable().describe("Null: none."),
  }),
  reply: { status: 200, body: memberShape, description: "It counts from the next request of theirs on." },
  errors: ["validation_error", "bad_json", "not_found", "conflict"],
  async handle({ params: { member_id }, body, auth, db, services }) {
    const place = await placeOf(services, body.workspace);
    guardGrants(auth, [place]);
    const member = await findMember(db, member_id);
    if (member === null) throw memberNotFound(member_id);
    await replaceGrants(db, member_id, withGrant(member.grants, place, body.role));
    return presentMember(services, (await findMember(db, member_id)) ?? member);
  },
});
