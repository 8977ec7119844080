import { z } from "zod";
import { ONE_OBJECT } from "../present-profile.ts";

/** The body of the calls that move users into a list and out of it, and their answer. */
const MAX_USERS = 10_000;

export const membersBody = z
  .object(
    {
      distinct_ids: z
        .array(z.string("must be a string").trim())
        .max(MAX_USERS, `must contain at maximum ${MAX_USERS} items`)
        .describe("Users that exist; other ids are left out."),
    },
    ONE_OBJECT,
  )
  .meta({ example: { distinct_ids: ["ann", "bob"] } });

export const movedShape = z.object({
  success: z.boolean(),
  affected_count: z.int().describe("How many really entered or left."),
});
