import { z } from "zod";
import { deactivateMember, findMember } from "../../../people/members.ts";
import { guardGrants } from "../acting.ts";
import { definePeopleRoute } from "../surface.ts";
import { memberNotFound } from "./present-member.ts";

export default definePeopleRoute({
  method: "DELETE",
  path: "/v1/people/member/:member_id/",
  summary: "End a member's access; an invitation brings them back, with the same history",
  params: z.object({ member_id: z.string() }),
  reply: { status: 204, description: "All sessions of theirs have ended." },
  errors: ["not_found", "conflict"],
  async handle({ params: { member_id }, auth, db }) {
    const member = await findMember(db, member_id);
    if (member === null || member.state === "deactivated") throw memberNotFound(member_id);
    guardGrants(auth, [null]);
    await deactivateMember(db, member_id);
  },
});
