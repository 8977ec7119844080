import { z } from "zod";
import { AppError } from "../../../errors.ts";
import { openInvitation } from "../../../people/invitations.ts";
import { tokenField } from "../sign-in-fields.ts";
import { defineSignInRoute } from "../surface.ts";

export default defineSignInRoute({
  method: "POST",
  path: "/v1/auth/invitation/open/",
  summary: "Whom a link of an invitation invites; uses nothing up",
  body: z.object({ token: tokenField.describe("What the link has after `#token=`.") }),
  reply: {
    status: 200,
    body: z.object({ email: z.string(), name: z.string(), invited_by: z.string(), expires_at: z.string() }),
  },
  errors: ["validation_error", "bad_json", "sign_in_failed"],
  transaction: false,
  async handle({ body: { token }, db }) {
    const invitation = await openInvitation(db, token);
    if (invitation === null) {
      throw new AppError("sign_in_failed", "this invitation is not good any more: ask for a new one");
    }
    const { email, name, invited_by, expires_at } = invitation;
    return { email, name, invited_by, expires_at: expires_at.toISOString() };
  },
});
