import { z } from "zod";

/** Query fields that several resources of the management API share. */

/** Which of the two states of a versioned resource is read: what is being edited, or what is in effect. */
export const modeQuery = { mode: z.enum(["draft", "live"]).default("draft") };

export const commitMessageQuery = { commit_message: z.string().optional() };

/** `slugs=a,b`, or the parameter repeated. Empty means no filter. */
export const slugsQuery = {
  slugs: z
    .union([z.string(), z.array(z.string())])
    .default("")
    .transform((given) =>
      [given]
        .flat()
        .flatMap((list) => list.split(","))
        .map((slug) => slug.trim())
        .filter((slug) => slug !== ""),
    ),
};
