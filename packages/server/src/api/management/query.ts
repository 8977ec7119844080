import { cut } from "../../core/text/text.ts";
import { z } from "zod";
import { oneOf, singleText } from "../filter-values.ts";

/** Query fields that several resources of the management API share. */

/**
 * The query of an endpoint that is our own. Unknown names are refused: a misspelt filter would answer another question
 * than the one asked. Endpoints of the wire ignore such names, as their clients expect.
 */
export function ownQuery<Shape extends z.ZodRawShape>(shape: Shape) {
  const names = Object.keys(shape);
  const known = names.length === 0 ? "there are none" : `there are: ${names.join(", ")}`;
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== "unrecognized_keys") return undefined;
      const unknown = issue.keys.map((name) => `'${cut(name, MAX_SHOWN)}'`).slice(0, MAX_NAMED);
      return `unknown query parameter ${unknown.join(", ")}; ${known}`;
    },
  });
}

/** How much untrusted input a response repeats. */
const MAX_SHOWN = 64;
const MAX_NAMED = 10;

const MODES = ["draft", "live"] as const;

/** Which of the two states of a versioned resource is read: the draft or the live version. */
export const modeQuery = { mode: z.enum(MODES, oneOf(MODES)).default("draft") };

/** For calls that send: what is live, unless the draft is asked for. */
export const liveModeQuery = { mode: z.enum(MODES, oneOf(MODES)).default("live") };

/** For calls about the live version alone, whose clients say so. */
export const liveOnlyQuery = {
  mode: z.literal("live", "must be live: what is submitted for approval is live").default("live"),
};

/** For calls that change drafts, whose clients say so. */
export const draftOnlyQuery = {
  mode: z.literal("draft", "must be draft: what is live does not change").default("draft"),
};

export const includeContentQuery = { include_content: z.stringbool().default(false) };

/** The same where the caller must say which. */
export const requiredModeQuery = {
  mode: z.enum(MODES, {
    error: (issue) => (issue.input === undefined ? "is a required field" : oneOf(MODES)),
  }),
};

export const commitMessageQuery = { commit_message: singleText.optional() };

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
