import { z } from "zod";
import { MAX_PASSWORD, MIN_PASSWORD } from "../../people/passwords.ts";

/** Fields of people, as everything that takes them refuses them. */
const MAX_EMAIL = 254;
const MAX_NAME = 120;
const MAX_TOKEN = 200;

const text = z.string({
  error: (issue) => (issue.input === undefined ? "This field is required." : "must be text"),
});

export const emailField = text
  .trim()
  .max(MAX_EMAIL, `must be at most ${MAX_EMAIL} characters`)
  .regex(/^[^\s@]+@[^\s@]+$/, "must be an e-mail address")
  .meta({ examples: ["ada@example.com"] });

export const nameField = text
  .trim()
  .min(1, "This field may not be blank.")
  .max(MAX_NAME, `must be at most ${MAX_NAME} characters`)
  .meta({ examples: ["Ada Lovelace"] });

/** For a new password. */
export const newPasswordField = text
  .min(MIN_PASSWORD, `must be at least ${MIN_PASSWORD} characters`)
  .max(MAX_PASSWORD, `must be at most ${MAX_PASSWORD} characters`)
  .meta({ examples: ["correct horse battery staple"] });

/** For one that is there, whatever it is. */
export const passwordField = text.max(MAX_PASSWORD, `must be at most ${MAX_PASSWORD} characters`);

export const tokenField = text.max(MAX_TOKEN, `must be at most ${MAX_TOKEN} characters`);

export const codeField = text
  .trim()
  .max(MAX_TOKEN, `must be at most ${MAX_TOKEN} characters`)
  .meta({ examples: ["123456"] });

export const secondFactorFields = {
  totp: codeField.nullable().default(null).describe("The six digits of the authenticator app."),
  recovery_code: codeField
    .nullable()
    .default(null)
    .describe("One of the recovery codes, in place of `totp`."),
};
