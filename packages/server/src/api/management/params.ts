import { z } from "zod";
import { CHANNELS } from "../../core/channel.ts";
import { oneOf } from "../filter-values.ts";

/**
 * Path parameters that several resources of the management API share. Reads accept any slug: an invalid one is not
 * found.
 */

export const slugParam = { slug: z.string() };

/** For the calls that create; the slug of an existing template never changes. */
export const templateSlugParam = {
  slug: z
    .string()
    .max(128, "must be at most 128 characters")
    .regex(/^[a-zA-Z0-9_.-]+$/, "must be made of a-z, A-Z, 0-9, -, _ and ."),
};

export const channelParam = { channel: z.enum(CHANNELS, oneOf(CHANNELS)) };

export const variantParams = z.object({ ...slugParam, ...channelParam, id: z.string() });

export const variantIdParam = {
  id: z
    .string()
    .max(128, "must be at most 128 characters")
    .regex(/^[a-zA-Z0-9_.-]+$/, "must be made of a-z, A-Z, 0-9, -, _ and ."),
};

/** The number of a version. An unknown one is not found; anything else is refused. */
export const versionNoParam = {
  version_no: z
    .string()
    .regex(/^\d{1,15}$/, "must be a whole number")
    .transform(Number),
};
