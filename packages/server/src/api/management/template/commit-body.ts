import { z } from "zod";
import { CHANNELS } from "../../../core/channel.ts";

/** Which variants a commit, or the check before it, is about. */
export const selectionBody = z
  .object({
    /** Absent: every variant of the enabled channels. */
    variants: z
      .array(z.object({ channel: z.enum(CHANNELS), id: z.string().meta({ examples: ["default"] }) }))
      .nullish(),
  })
  .optional();
