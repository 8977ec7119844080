import { z } from "zod";
import { findMember } from "../../../people/members.ts";
import { definePeopleRoute } from "../surface.ts";
import { memberNotFound, memberShape, presentMember } from "./present-member.ts";

export default definePeopleRoute({
  method: "GET",
  path: "/v1/people/member/:member_id/",
  summary: "One member",
  params: z.object({ member_id: z.string() }),
  reply: { status: 200, body: memberShape },
  errors: ["not_found"],
  async handle({ params: { member_id }, db, services }) {
    const member = await findMember(db, member_id);
    if (member === null) throw memberNotFound(member_id);
    return presentMember(services, member);
  },
});
