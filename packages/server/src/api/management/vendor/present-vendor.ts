import { z } from "zod";
import { microsZ } from "../../../core/time/wire-time.ts";
import { VENDOR_EXAMPLE } from "../../reply-examples.ts";
import type { VendorSettings } from "../../../delivery/vendor-admin.ts";

export const vendorReply = z.object({
  id: z.string(),
  vendor_slug: z.string().meta({ examples: [VENDOR_EXAMPLE] }),
  channel: z.string(),
  name: z.string(),
  nickname: z.string(),
  config: z.record(z.string(), z.unknown()).describe("The settings, secrets masked."),
  categories: z.array(z.string()).describe("Root categories whose first choice it is."),
  updated_at: z.string(),
});

export function presentVendor({ updated_at, ...settings }: VendorSettings): z.input<typeof vendorReply> {
  return { ...settings, updated_at: microsZ(updated_at) };
}
