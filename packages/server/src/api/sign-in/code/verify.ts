import { z } from "zod";
import { entryReply, presentEntry } from "../present-entry.ts";
import { codeField, emailField, secondFactorFields, tokenField } from "../sign-in-fields.ts";
import { defineSignInRoute } from "../surface.ts";

export default defineSignInRoute({
  method: "POST",
  path: "/v1/auth/code/verify/",
  summary: "Sign in with a code that came by e-mail",
  body: z.object({ email: emailField, challenge: tokenField, code: codeField, ...secondFactorFields }),
  reply: { status: 200, body: entryReply },
  errors: ["validation_error", "bad_json", "sign_in_failed", "second_factor_required"],
  transaction: false,
  async handle({ body, auth: { visitor }, services }) {
    return presentEntry(services, await services.people.signIn.withCode(visitor, body));
  },
});
