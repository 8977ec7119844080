import { z } from "zod";
import { findMember } from "../../../people/members.ts";
import { presentSelf, selfShape } from "../../sign-in/present-entry.ts";
import { emailField, nameField, newPasswordField, passwordField } from "../../sign-in/sign-in-fields.ts";
import { selfOf } from "../acting.ts";
import { memberNotFound } from "../member/present-member.ts";
import { definePeopleRoute } from "../surface.ts";

export default definePeopleRoute({
  method: "PATCH",
  path: "/v1/people/me/",
  summary: "Change one's own name, address or password",
  body: z.object({
    name: nameField.nullable().default(null),
    email: emailField.nullable().default(null),
    password: newPasswordField.nullable().default(null),
    current_password: passwordField
      .nullable()
      .default(null)
      .describe("Needed for a new address or password by who has one."),
  }),
  reply: {
    status: 200,
    body: selfShape,
    description: "A new password ends all other sessions. The first password ends the sign-in without one.",
  },
  errors: ["validation_error", "bad_json", "conflict"],
  // Hashing a password takes a while, which no transaction waits for.
  transaction: false,
  async handle({ body, auth, services }) {
    const who = selfOf(auth);
    const change = await services.people.profile.prepare(who, body);
    const member = await services.db.tx(async (tx) => {
      await services.people.profile.edit(tx, who, change);
      return findMember(tx, who.member_id);
    });
    if (member === null) throw memberNotFound(who.member_id);
    return presentSelf(services, member);
  },
});
