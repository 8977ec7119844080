import { z } from "zod";
import { CHANNELS } from "../../core/channel.ts";

/** Path parameters that several resources of the management API share. Reads take any slug: a wrong one is not found. */

export const slugParam = { slug: z.string() };

/** For the calls that create; the slug of an existing template never changes. */
export const templateSlugParam = {
  slug: z
    .string()
    .max(128)
    .regex(/^[a-zA-Z0-9_.-]+$/, "must be made of a-z, A-Z, 0-9, -, _ and ."),
};

export const channelParam = { channel: z.enum(CHANNELS) };

export const variantIdParam = {
  id: z
    .string()
    .max(128)
    .regex(/^[a-zA-Z0-9_.-]+$/, "must be made of a-z, A-Z, 0-9, -, _ and ."),
};
