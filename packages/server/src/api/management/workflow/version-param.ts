import { z } from "zod";
import { slugParam, versionNoParam } from "../params.ts";

/** Path parameters of one version. */
export const versionParams = z.object({ ...slugParam, ...versionNoParam });
