import { z } from "zod";
import { editorReply } from "../../catalog/versioned.ts";

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
