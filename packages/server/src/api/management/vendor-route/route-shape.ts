import { z } from "zod";
import { CHANNELS } from "../../../core/channel.ts";
import { LANES } from "../../../core/lane.ts";

/** A vendor's place in a priority list. */
export const listedVendor = z.object({
  id: z.string().describe("The id of a vendor's settings."),
  fallback_seconds: z
    .number()
    .int()
    .min(1)
    .max(86_400)
    .default(30)
    .describe("How long it has to report a delivery before the next one is tried as well."),
});

export const channelName = z.enum(CHANNELS);
export const rootCategory = z.enum(LANES);

export const routeReply = z.object({
  tenant_id: z.string(),
  channel: channelName,
  category: rootCategory,
  vendors: z.array(z.object({ id: z.string(), fallback_seconds: z.int() })),
});
