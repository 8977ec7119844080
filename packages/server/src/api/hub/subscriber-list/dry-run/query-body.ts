import { z } from "zod";
import { ONE_OBJECT } from "../../present-profile.ts";

const text = z.string("Not a valid string.").nullish();

/** The body of both dry runs: a query that is not stored. */
export const queryBody = z
  .object({ query_text: text, query: text.describe("The same.") }, ONE_OBJECT)
  .refine((body) => queryIn(body) !== null, { path: ["query_text"], error: "This field is required." })
  .meta({ examples: [{ query_text: "select distinct_id from users where locale like 'en%'" }] });

export function queryIn({ query_text, query }: { query_text?: unknown; query?: unknown }): string | null {
  const given = query_text ?? query;
  return typeof given === "string" ? given : null;
}
