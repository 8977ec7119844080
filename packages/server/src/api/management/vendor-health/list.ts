import { z } from "zod";
import { microsZ } from "../../../core/time/wire-time.ts";
import type { VendorReading } from "../../../delivery/vendor-admin.ts";
import { defineRoute } from "../../../http/route.ts";
import { VENDOR_EXAMPLE } from "../../reply-examples.ts";

const DAY_MINUTES = 24 * 60;

const FAILURES = ["recipient", "message", "config", "throttled", "transient"] as const;

const errors = z
  .object(Object.fromEntries([...FAILURES, "ambiguous" as const].map((name) => [name, z.number().int()])))
  .describe(
    "Calls that sent nothing for sure, by whose fault it is: the address's, the message's, ours or the vendor's.",
  );

const reading = z.object({
  id: z.string(),
  vendor_slug: z.string().meta({ examples: [VENDOR_EXAMPLE] }),
  channel: z.string(),
  name: z.string(),
  nickname: z.string(),
  categories: z.array(z.string()).describe("Root categories whose first choice it is."),
  calls: z.number().int(),
  calls_per_second: z.number().describe("On average over these minutes."),
  sent: z.number().int(),
  errors,
  error_rate: z
    .number()
    .nullable()
    .describe("The share of calls that did not send, from 0 to 1; null without calls."),
  latency_ms: z
    .object({ p50: z.number().nullable(), p99: z.number().nullable() })
    .describe("Of all calls, to a tenth; null without calls."),
  breaker: z
    .object({
      state: z.enum(["closed", "open"]),
      since: z.string().nullable(),
      reason: z.string().nullable(),
      probed_at: z.string().nullable(),
    })
    .describe("Open: it keeps failing and is only probed, with one message every half minute."),
  held_until: z.string().nullable().describe("Set while it is not called because it has asked for a pause."),
  calls_today: z.number().int().describe("Counted by UTC, where its settings have a daily cap."),
  daily_cap: z.number().nullable(),
  last_report_at: z.string().nullable().describe("When it last reported what became of a message."),
  spend: z
    .object({ price: z.number().nullable(), amount: z.number().nullable() })
    .describe("What was sent in these minutes at the price of one notification; null where none is set."),
});

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/vendor_health/",
  summary: "How vendors do: calls, errors by class, latency, breaker, spend.",
  query: z.object({
    minutes: z.coerce
      .number()
      .int()
      .min(1)
      .max(DAY_MINUTES)
      .default(60)
      .describe("How far to look back, the current minute included."),
  }),
  reply: { status: 200, body: z.object({ minutes: z.number().int(), results: z.array(reading) }) },
  errors: ["authentication_failed", "not_found", "validation_error"],
  async handle({ auth, db, services, query: { minutes } }) {
    const vendors = await services.vendors.health(db, auth.workspace.workspace_id, minutes);
    return { minutes, results: vendors.map((vendor) => present(vendor, minutes)) };
  },
});

function present(vendor: VendorReading, minutes: number): z.input<typeof reading> {
  const { id, vendor_slug, channel, name, nickname, categories, price, pace, broken, held_until, health } =
    vendor;
  const { calls, outcomes, latency_ms, calls_today } = health;
  const sent = outcomes.sent ?? 0;
  return {
    id,
    vendor_slug,
    channel,
    name,
    nickname,
    categories,
    calls,
    calls_per_second: rounded(calls / (minutes * 60), 3),
    sent,
    errors: Object.fromEntries(
      [...FAILURES, "ambiguous" as const].map((kind) => [kind, outcomes[kind] ?? 0]),
    ),
    error_rate: calls === 0 ? null : rounded((calls - sent) / calls, 4),
    latency_ms,
    breaker: {
      state: broken === null ? "closed" : "open",
      since: timeOf(broken?.since),
      reason: broken?.reason ?? null,
      probed_at: timeOf(health.probed_at),
    },
    held_until: timeOf(held_until),
    calls_today,
    daily_cap: pace.daily_cap,
    last_report_at: timeOf(health.reported_at),
    spend: { price, amount: price === null ? null : rounded(price * sent, 6) },
  };
}

function timeOf(at: Date | null | undefined): string | null {
  return at === null || at === undefined ? null : microsZ(at);
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
