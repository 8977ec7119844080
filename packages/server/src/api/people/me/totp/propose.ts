import { z } from "zod";
import { selfOf } from "../../acting.ts";
import { definePeopleRoute } from "../../surface.ts";

export default definePeopleRoute({
  method: "POST",
  path: "/v1/people/me/totp/",
  summary: "Begin to set up an authenticator app",
  reply: {
    status: 200,
    body: z.object({
      secret: z.string().describe("In base32."),
      uri: z.string().describe("`otpauth://…`, for a QR code."),
    }),
    description: "Nothing is asked for until a code has proven that the app has it.",
  },
  errors: ["conflict"],
  handle: ({ auth, db, services }) => services.people.profile.proposeTotp(db, selfOf(auth)),
});
