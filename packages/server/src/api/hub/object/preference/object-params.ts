import { z } from "zod";
import type { RecipientKey } from "../../../../recipients/recipient.ts";

export const objectParams = z.object({
  object_type: z.string().trim().min(1, "is a required field").describe("The kind of object: `teams`."),
  id: z
    .string()
    .trim()
    .min(1, "is a required field")
    .describe("The object's id in your system, percent-encoded."),
});

export function objectOf({ object_type, id }: z.output<typeof objectParams>): RecipientKey {
  return { object_type, distinct_id: id };
}
