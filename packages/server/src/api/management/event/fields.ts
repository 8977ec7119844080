import { z } from "zod";

/** Fields that the event endpoints share. */

export const eventNameParam = { name: z.string().trim() };

/** Reads show null for none; here it changes nothing. */
export const eventDescription = z.string().max(1000).nullish();

/** A link to a schema; without a number, or with null, it follows the live version. */
export const schemaLink = z.object(
  {
    schema: z.string("Schema is required").min(1, "Schema is required"),
    version_no: z.int().min(1).nullish(),
  },
  "Schema is required",
);

export function toLink({ schema, version_no = null }: z.output<typeof schemaLink>) {
  return { slug: schema, version_no };
}
