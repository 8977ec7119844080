import { z } from "zod";
import { editorReply } from "../../catalog/versioned.ts";
import { parseInstant } from "../../core/time/instant.ts";

/** Fields that the endpoints of workspaces and of keys share. */
const MAX_NAME = 255;
const MAX_DESCRIPTION = 2000;
const longest = (max: number) => `Ensure this field has no more than ${max} characters.`;

export const keyName = z
  .string("Not a valid string.")
  .trim()
  .min(1, "This field may not be blank.")
  .max(MAX_NAME, longest(MAX_NAME));

export const nullableText = z
  .string("Not a valid string.")
  .max(MAX_DESCRIPTION, longest(MAX_DESCRIPTION))
  .nullish();

export const newKeyBody = z
  .object({ name: keyName, description: nullableText })
  .meta({ example: { name: "backend-prod", description: "Of the main server" } });

/** Who did something; null: a command on the server, or an older version. */
export const actorReply = editorReply.nullable();

/** When a replaced key ends. */
export const expiryField = (description: string) =>
  z
    .string("Not a valid string.")
    .transform((text, ctx) => {
      const at = parseInstant(text);
      if (at !== null) return at;
      ctx.addIssue({ code: "custom", message: "must be an RFC 3339 date-time" });
      return z.NEVER;
    })
    .nullish()
    .meta({ type: "string", format: "date-time" })
    .describe(`${description} Absent: no longer than now.`);
