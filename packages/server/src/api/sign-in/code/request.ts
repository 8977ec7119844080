import { z } from "zod";
import { emailField } from "../sign-in-fields.ts";
import { defineSignInRoute } from "../surface.ts";

export default defineSignInRoute({
  method: "POST",
  path: "/v1/auth/code/",
  summary: "Have a six-digit code sent by e-mail",
  body: z.object({ email: emailField }),
  reply: {
    status: 202,
    body: z.object({ challenge: z.string().describe("Send it back with the code.") }),
    description:
      "The same for every address: a mail goes out only if somebody signs in by it. The code is good for ten minutes.",
  },
  errors: ["validation_error", "bad_json"],
  transaction: false,
  handle: ({ body: { email }, auth: { visitor }, services }) =>
    services.people.signIn.requestCode(visitor, email),
});
