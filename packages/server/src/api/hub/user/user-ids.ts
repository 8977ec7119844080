import { z } from "zod";
import { userId } from "./present-user.ts";

const distinct_id = userId({
  error: (issue) => (issue.input === null ? "is a required field" : "must be a string"),
});

/** The users of a bulk call. */
export const userIds = z
  .array(distinct_id, {
    error: (issue) => (issue.input == null ? "is a required field" : "must be an array"),
  })
  .min(1, "must contain at least 1 item")
  .max(100, "must contain at maximum 100 items");
