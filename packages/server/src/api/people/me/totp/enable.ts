import { z } from "zod";
import { codeField } from "../../../sign-in/sign-in-fields.ts";
import { selfOf } from "../../acting.ts";
import { definePeopleRoute } from "../../surface.ts";

export default definePeopleRoute({
  method: "PUT",
  path: "/v1/people/me/totp/",
  summary: "Prove that the authenticator app has the secret; from now on its codes are asked for",
  body: z.object({ totp: codeField }),
  reply: {
    status: 200,
    body: z.object({ recovery_codes: z.array(z.string()).describe("Shown this once; each is good once.") }),
    description: "All other sessions end.",
  },
  errors: ["validation_error", "bad_json"],
  // A wrong code counts.
  transaction: false,
  handle: async ({ body, auth, services }) => ({
    recovery_codes: await services.people.profile.enableTotp(selfOf(auth), body.totp),
  }),
});
