import { z } from "zod";
import { microsZ } from "../../../core/time/wire-time.ts";
import { VENDOR_EXAMPLE } from "../../reply-examples.ts";
import type { Services } from "../../../services.ts";
import type { VendorSettings } from "../../../delivery/vendor-admin.ts";

export const vendorReply = z.object({
  id: z.string(),
  vendor_slug: z.string().meta({ examples: [VENDOR_EXAMPLE] }),
  channel: z.string(),
  name: z.string(),
  nickname: z.string(),
  config: z.record(z.string(), z.unknown()).describe("The settings, secrets masked."),
  categories: z.array(z.string()).describe("Root categories whose first choice it is."),
  price: z
    .number()
    .nullable()
    .describe("Of one notification: smart routing by cost tries the cheapest first."),
  pace: z
    .object({
      rate_per_second: z.number().nullable(),
      burst: z.number().nullable(),
      daily_cap: z.number().nullable(),
    })
    .describe("How fast it may be called; null: without a limit."),
  held_until: z
    .string()
    .nullable()
    .describe("Set while it is not called because it has asked for a pause (`Retry-After`)."),
  broken: z
    .object({ since: z.string(), reason: z.string() })
    .nullable()
    .describe("Set while it is not called because it keeps failing; saving its settings ends that."),
  has_reported: z
    .boolean()
    .describe("Whether reports have ever come. Until then nothing follows from its silence."),
  webhook_url: z
    .string()
    .nullable()
    .describe(
      "Enter it at the vendor, so that it reports what becomes of messages. Null: it reports nothing.",
    ),
  updated_at: z.string(),
});

export function presentVendor(
  { webhook_path, broken, held_until, updated_at, ...settings }: VendorSettings,
  { baseUrl, config }: Pick<Services, "baseUrl" | "config">,
): z.input<typeof vendorReply> {
  // Without a public address, at least this machine's.
  const base = baseUrl ?? `http://localhost:${config.PORT}`;
  const webhook_url = webhook_path === null ? null : base + webhook_path;
  return {
    ...settings,
    webhook_url,
    broken: broken === null ? null : { ...broken, since: microsZ(broken.since) },
    held_until: held_until === null ? null : microsZ(held_until),
    updated_at: microsZ(updated_at),
  };
}
