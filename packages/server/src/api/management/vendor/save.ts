import { z } from "zod";
import type { JsonObject } from "../../../core/json.ts";
import { LANES } from "../../../core/lane.ts";
import { defineRoute } from "../../../http/route.ts";
import type { SavedVendor } from "../../../delivery/vendor-admin.ts";
import { presentVendor, vendorReply } from "./present-vendor.ts";

const paceBody = z
  .strictObject({
    rate_per_second: z
      .number()
      .min(0.001)
      .max(1_000_000)
      .nullable()
      .optional()
      .describe("Calls per second on average; null: no limit."),
    burst: z
      .number()
      .int()
      .min(1)
      .max(1_000_000)
      .nullable()
      .optional()
      .describe("How many may come at once after a pause; null: those of one second."),
    daily_cap: z
      .number()
      .int()
      .min(1)
      .max(2_000_000_000)
      .nullable()
      .optional()
      .describe("Calls per day, by UTC; null: no limit."),
  })
  .meta({ examples: [{ rate_per_second: 14, daily_cap: 50_000 }] });

function withoutAbsent({
  rate_per_second,
  burst,
  daily_cap,
}: z.output<typeof paceBody>): NonNullable<SavedVendor["pace"]> {
  return {
    ...(rate_per_second === undefined ? {} : { rate_per_second }),
    ...(burst === undefined ? {} : { burst }),
    ...(daily_cap === undefined ? {} : { daily_cap }),
  };
}

export default defineRoute({
  method: "POST",
  path: "/v1/:workspace/vendor/:vendor/",
  summary: "Save a vendor's settings and make it the first choice of its channel.",
  params: z.object({ workspace: z.string(), vendor: z.string().describe("The slug of a vendor.") }),
  body: z.object({
    config: z
      .record(z.string(), z.unknown())
      .meta({ examples: [{ host: "smtp.example.com", port: 587, from_email: "shop@example.com" }] })
      .describe("The vendor's settings; a masked secret keeps its value."),
    nickname: z.string().max(100).default("").describe("Tells several accounts of one vendor apart."),
    price: z
      .number()
      .min(0)
      .nullable()
      .default(null)
      .describe("Of one notification, for smart routing by cost; null keeps what is stored."),
    pace: paceBody
      .optional()
      .describe("How fast it may be called, by all processes together. What is absent keeps what is stored."),
    categories: z
      .array(z.enum(LANES))
      .default([...LANES])
      .describe("Root categories that it shall serve first; all of them if absent."),
  }),
  reply: { status: 200, body: vendorReply },
  errors: ["authentication_failed", "not_found", "validation_error"],
  async handle({ params, body, auth, db, services }) {
    const { nickname, categories, price, pace } = body;
    const vendor = {
      vendor_slug: params.vendor,
      nickname,
      categories,
      price,
      config: body.config as JsonObject,
      ...(pace === undefined ? {} : { pace: withoutAbsent(pace) }),
    };
    return presentVendor(await services.vendors.save(db, auth.workspace.workspace_id, vendor), services);
  },
});
