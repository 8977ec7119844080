import { z } from "zod";
import { entryReply, presentEntry } from "../present-entry.ts";
import { nameField, newPasswordField, tokenField } from "../sign-in-fields.ts";
import { defineSignInRoute } from "../surface.ts";

export default defineSignInRoute({
  method: "POST",
  path: "/v1/auth/invitation/",
  summary: "Accept an invitation and sign in",
  body: z.object({
    token: tokenField.describe("What the link has after `#token=`."),
    name: nameField.nullable().default(null).describe("Absent: as the invitation has it."),
    password: newPasswordField
      .nullable()
      .default(null)
      .describe("Absent: signs in by codes that come by e-mail."),
  }),
  reply: { status: 200, body: entryReply },
  errors: ["validation_error", "bad_json", "sign_in_failed", "conflict"],
  transaction: false,
  async handle({ body, auth: { visitor }, services }) {
    return presentEntry(services, await services.people.signIn.withInvitation(visitor, body));
  },
});
