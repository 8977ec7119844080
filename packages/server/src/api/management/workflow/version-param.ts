import { z } from "zod";
import { slugParam } from "../params.ts";

/** Path parameters of one version. An unknown number is not found; anything else is refused. */
export const versionParams = z.object({
  ...slugParam,
  version_no: z
    .string()
    .regex(/^\d{1,15}$/, "must be a whole number")
    .transform(Number),
});
