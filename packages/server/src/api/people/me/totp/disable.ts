import { z } from "zod";
import { secondFactorFields } from "../../../sign-in/sign-in-fields.ts";
import { selfOf } from "../../acting.ts";
import { definePeopleRoute } from "../../surface.ts";

export default definePeopleRoute({
  method: "DELETE",
  path: "/v1/people/me/totp/",
  summary: "Remove the authenticator app and the recovery codes",
  body: z.object(secondFactorFields),
  reply: { status: 204 },
  errors: ["validation_error", "bad_json"],
  // A wrong code counts.
  transaction: false,
  handle: ({ body, auth, services }) => services.people.profile.disableTotp(selfOf(auth), body),
});
