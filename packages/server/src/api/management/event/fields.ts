import { z } from "zod";

/** Fields that the endpoints of events share. */

export const eventNameParam = { name: z.string().trim() };

/** Null is what reads print for none, and changes nothing. */
export const eventDescription = z.string().max(1000).nullish();

/** A link to a schema; without a number, or with null, to whatever version is live. */
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
