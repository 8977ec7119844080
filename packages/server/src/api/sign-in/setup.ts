import { z } from "zod";
import { entryReply, presentEntry } from "./present-entry.ts";
import { emailField, nameField, newPasswordField, tokenField } from "./sign-in-fields.ts";
import { defineSignInRoute } from "./surface.ts";

export default defineSignInRoute({
  method: "POST",
  path: "/v1/auth/setup/",
  summary: "Make the first admin, with the link from the server's log",
  body: z.object({
    token: tokenField.describe("What the link has after `#token=`."),
    email: emailField,
    name: nameField,
    password: newPasswordField,
  }),
  reply: { status: 200, body: entryReply },
  errors: ["validation_error", "bad_json", "sign_in_failed", "conflict"],
  transaction: false,
  async handle({ body, auth: { visitor }, services }) {
    return presentEntry(services, await services.people.signIn.withSetupLink(visitor, body));
  },
});
