import type { Queryable } from "../../db/db.ts";
import type { FailureClass } from "../vendor/vendor.ts";
import { percentile } from "./latency.ts";

/** How a vendor's settings have done lately, over all processes. */
export interface VendorHealth {
  calls: number;
  /** Calls that came to each outcome; what did not occur is left out. */
  outcomes: Partial<Record<"sent" | "ambiguous" | FailureClass, number>>;
  /** Of all calls, in milliseconds; null without calls. */
  latency_ms: { p50: number | null; p99: number | null };
  /** Calls of today by UTC, where its settings have a daily cap. */
  calls_today: number;
  /** When a message was last sent through a vendor that is not called because it fails; null: it is called. */
  probed_at: Date | null;
  /** When it last reported what became of a message; null: never. */
  reported_at: Date | null;
}

/** Looks back over whole minutes, the current one included. By the id of the settings; those without calls are in it. */
export async function readVendorHealth(
  db: Queryable,
  workspace_id: number,
  minutes: number,
): Promise<Map<string, VendorHealth>> {
  const settings = await db.query<SettingsRow>(
    `select c.id, case when c.broken_at is not null then c.probed_at end as probed_at, c.reported_at,
            case when p.day = (now() at time zone 'utc')::date then p.day_count else 0 end as calls_today
       from vendor_config c left join vendor_pace p on p.workspace_id = c.workspace_id and p.vendor_config_id = c.id
      where c.workspace_id = $1`,
    [workspace_id],
  );
  const counts = await db.query<CountRow>(
    `select vendor_config_id, outcome, latency_step, sum(calls)::int as calls
       from vendor_call_count
      where workspace_id = $1 and minute > now() - make_interval(mins => $2)
      group by vendor_config_id, outcome, latency_step`,
    [workspace_id, minutes],
  );
  const byVendor = Map.groupBy(counts, ({ vendor_config_id }) => vendor_config_id);
  return new Map(
    settings.map(({ id, ...row }) => {
      const rows = byVendor.get(id) ?? [];
      const outcomes: VendorHealth["outcomes"] = {};
      for (const { outcome, calls } of rows) outcomes[outcome] = (outcomes[outcome] ?? 0) + calls;
      return [
        id,
        {
          calls: rows.reduce((sum, { calls }) => sum + calls, 0),
          outcomes,
          latency_ms: { p50: percentile(rows, 0.5), p99: percentile(rows, 0.99) },
          ...row,
        },
      ];
    }),
  );
}

interface SettingsRow extends Pick<VendorHealth, "probed_at" | "reported_at" | "calls_today"> {
  id: string;
}

interface CountRow {
  vendor_config_id: string;
  outcome: "sent" | "ambiguous" | FailureClass;
  latency_step: number;
  calls: number;
}
