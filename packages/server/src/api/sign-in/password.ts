import { z } from "zod";
import { entryReply, presentEntry } from "./present-entry.ts";
import { emailField, passwordField, secondFactorFields } from "./sign-in-fields.ts";
import { defineSignInRoute } from "./surface.ts";

export default defineSignInRoute({
  method: "POST",
  path: "/v1/auth/password/",
  summary: "Sign in with a password",
  body: z.object({ email: emailField, password: passwordField, ...secondFactorFields }),
  reply: { status: 200, body: entryReply },
  errors: ["validation_error", "bad_json", "sign_in_failed", "second_factor_required"],
  // What an attempt has taken stays taken when it fails.
  transaction: false,
  async handle({ body, auth: { visitor }, services }) {
    return presentEntry(services, await services.people.signIn.withPassword(visitor, body));
  },
});
