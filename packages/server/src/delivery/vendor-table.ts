import type { VendorChoice, VendorTable } from "../core/vendor-choice.ts";
import type { Catalog } from "../catalog/catalog.ts";
import type { Channel } from "../core/channel.ts";
import { DEFAULT_TENANT } from "../core/profile/effective-profile.ts";
import { CHANNELS, isOurs } from "../core/channel.ts";
import { LANES } from "../core/lane.ts";
import { int, rowsOf, text } from "../db/bulk.ts";
import type { Db, Queryable, Tx } from "../db/db.ts";
import type { IdSource } from "../ids.ts";
import type { Log } from "../log.ts";
import type { SecretBox } from "../workspaces/crypto.ts";
import type { Dial } from "./http/dial.ts";
import type { HttpClient } from "./http/http.ts";
import type { Pace } from "./pacing/pacer.ts";
import type { MailTracking } from "./vendor/tracking.ts";
import type { Outcome, Vendor, VendorConnection } from "./vendor/vendor.ts";
import { webhookPath } from "./vendor/webhook.ts";

/**
 * Which vendor serves a channel, category and tenant, and the open connection to it. Tables are cached per workspace
 * and dropped when a vendor's settings change; a connection lives until its settings change.
 */
export interface VendorTables extends VendorChoice {
  load: (workspace_id: number) => Promise<RouteTable>;
  /** The connection for a stored configuration; null if it was deleted or its vendor is unknown. */
  connect: (workspace_id: number, vendor_config_id: string) => Promise<OpenVendor | null>;
  /** Records that these settings' reports arrive, in every process. */
  noteReports: (tx: Tx, reporting: readonly ReportingConfig[]) => Promise<void>;
  /** Keeps every process from calling a vendor that has asked for a pause, whichever message it was said to. */
  hold: (workspace_id: number, vendor_config_id: string, outcome: Outcome) => Promise<void>;
  close: () => Promise<void>;
}

/** The longest pause, whatever a vendor asks for. */
const LONGEST_HOLD_SECONDS = 86_400;

export interface VendorTablesDeps {
  db: Db;
  log: Log;
  catalog: Catalog;
  box: SecretBox;
  http: HttpClient;
  dial: Dial;
  vendors: ReadonlyMap<string, Vendor>;
}

interface RouteRow {
  tenant_id: string;
  channel: Channel;
  root_category: string;
  vendor_config_id: string;
  vendor_slug: string;
  price: number | null;
  fallback_seconds: number;
}

export interface ReportingConfig {
  workspace_id: number;
  vendor_config_id: string;
}

export interface RouteTable extends VendorTable {
  /**
   * The vendor that follows in the priority list of a message: the list that has its vendor, or the one in force if that
   * vendor was deleted. Null: there is none.
   */
  next: (
    channel: Channel,
    root_category: string,
    tenant_id: string,
    provider: string,
    vendor_config_id: string,
  ) => NextVendor | null;
}

export interface NextVendor {
  vendor_config_id: string;
  vendor_slug: string;
  /** How long the vendor before has to report a delivery. */
  wait_ms: number;
}

export interface OpenVendor {
  connection: VendorConnection;
  /** Where its reports go, below the server's own address; null for a vendor that does not report. */
  webhook_path: string | null;
  /** Reports are matched by the vendor's own ids. */
  keeps_acks: boolean;
  /** What we track in its mails; null: nothing. */
  tracking: MailTracking | null;
  /** Failures in a row mean that it does not work, and a pause that it asks for is one for all its messages. */
  has_one_host: boolean;
  /** Why it is not called at present; null: it is. */
  broken_reason: string | null;
  /** Its silence means something, since its reports are known to arrive. */
  does_report: boolean;
  /** Null: it has no limits. */
  pace: Pace | null;
  /** It has asked not to be called before this. */
  held_until: Date | null;
}

interface OpenConnection extends OpenVendor {
  version: number;
}

export function createVendorTables({
  db,
  log,
  catalog,
  box,
  http,
  dial,
  vendors,
}: VendorTablesDeps): VendorTables {
  const open = new Map<string, OpenConnection>();

  async function loadRoutes(workspace_id: number): Promise<RouteTable> {
    const rows = await db.query<RouteRow>(
      `select r.tenant_id, r.channel, r.root_category, r.vendor_config_id, c.vendor_slug, c.price::float8, r.fallback_seconds
         from vendor_route r join vendor_config c on c.workspace_id = r.workspace_id and c.id = r.vendor_config_id
        where r.workspace_id = $1 order by r.position`,
      [workspace_id],
    );
    const byRoute = new Map<string, RouteRow[]>();
    for (const row of rows) {
      const key = routeKey(row.tenant_id, row.channel, row.root_category);
      byRoute.set(key, [...(byRoute.get(key) ?? []), row]);
    }
    const ofProvider = new Map<string, RouteRow[]>();
    /** A tenant's list without vendors that cannot reach the provider; made once, since every message asks for it. */
    function listOf(tenant_id: string, channel: Channel, root: string, provider: string): RouteRow[] {
      const key = routeKey(tenant_id, channel, root);
      const all = byRoute.get(key);
      if (all === undefined || provider === "") return all ?? NO_ROWS;
      const known = ofProvider.get(`${key}/${provider}`);
      if (known !== undefined) return known;
      const list = all.filter(({ vendor_slug }) => {
        const reaches = vendors.get(vendor_slug)?.provider;
        return reaches === undefined || reaches === provider;
      });
      ofProvider.set(`${key}/${provider}`, list);
      return list;
    }
    return {
      pick(channel, root, tenant_id, provider) {
        const row =
          listOf(tenant_id, channel, root, provider)[0] ?? listOf(DEFAULT_TENANT, channel, root, provider)[0];
        if (row === undefined) return null;
        const { vendor_config_id, vendor_slug, price } = row;
        return { vendor_config_id, vendor_slug, price, local: vendors.get(vendor_slug)?.local ?? null };
      },
      next(channel, root, tenant_id, provider, before) {
        const own = listOf(tenant_id, channel, root, provider);
        const usual = listOf(DEFAULT_TENANT, channel, root, provider);
        const isBefore = ({ vendor_config_id }: RouteRow) => vendor_config_id === before;
        const inForce = own.length > 0 ? own : usual;
        const list = own.some(isBefore) || !usual.some(isBefore) ? inForce : usual;
        const place = list.findIndex(isBefore);
        // A rehearsal must not swallow what a real vendor failed to send.
        const row = list
          .slice(place + 1)
          .find(({ vendor_slug }) => !isSimulator(vendor_slug) || isSimulator(list[place]?.vendor_slug));
        if (row === undefined) return null;
        const { vendor_config_id, vendor_slug } = row;
        return { vendor_config_id, vendor_slug, wait_ms: (list[place]?.fallback_seconds ?? 0) * 1000 };
      },
    };
  }

  async function connect(workspace_id: number, id: string): Promise<OpenVendor | null> {
    const stored = await catalog.remember(workspace_id, "vendor", id, async () => {
      const [row] = await db.query<{
        vendor_slug: string;
        config: Buffer;
        webhook_uid: string;
        has_reported: boolean;
        broken_reason: string | null;
        pace: Pace | null;
        held_until: Date | null;
        updated_at: Date;
      }>(
        `select vendor_slug, config, webhook_uid, reported_at is not null as has_reported, broken_reason, updated_at, held_until,
                case when rate_per_second is not null or daily_cap is not null
                     then json_build_object('rate_per_second', rate_per_second, 'burst', burst, 'daily_cap', daily_cap) end as pace
           from vendor_config where workspace_id = $1 and id = $2`,
        [workspace_id, id],
      );
      return row ?? null;
    });
    const vendor = stored === null ? undefined : vendors.get(stored.vendor_slug);
    if (stored === null || vendor === undefined) return null;
    const version = stored.updated_at.getTime();
    const known = open.get(id);
    const does_report = stored.has_reported || vendor.reports_by_itself === true;
    const { broken_reason, pace, held_until } = stored;
    if (known?.version === version) return { ...known, does_report, broken_reason, pace, held_until };
    const config = vendor.config.parse(JSON.parse(box.open(stored.config)));
    const connection = vendor.open(config, { http, dial, now: Date.now });
    const { webhook } = vendor;
    const opened = {
      version,
      connection,
      webhook_path: webhook === undefined ? null : webhookPath(vendor, stored.webhook_uid),
      keeps_acks: webhook !== undefined && webhook.returns_our_id !== true,
      does_report,
      tracking: vendor.tracking?.(config) ?? null,
      has_one_host: vendor.has_many_hosts !== true,
      broken_reason,
      pace,
      held_until,
    };
    open.set(id, opened);
    // Calls that already use the old connection finish on it.
    if (known !== undefined) void known.connection.close?.().catch(() => {});
    return opened;
  }

  return {
    load: (workspace_id) =>
      catalog.remember(workspace_id, "vendor", "routes", () => loadRoutes(workspace_id)),
    connect,
    async noteReports(tx, reporting) {
      const { from, values } = rowsOf("r", reporting, {
        workspace_id: int(({ workspace_id }) => workspace_id),
        vendor_config_id: text(({ vendor_config_id }) => vendor_config_id),
      });
      const first = await tx.query<{ workspace_id: number; id: string }>(
        `update vendor_config c set reported_at = now()
           from (select distinct * from ${from}) r
          where c.workspace_id = r.workspace_id and c.id = r.vendor_config_id and c.reported_at is null
         returning c.workspace_id, c.id`,
        values,
        "vendor_note_reports",
      );
      for (const { workspace_id, id } of first) await catalog.invalidate(tx, workspace_id, "vendor", id);
    },
    async hold(workspace_id, id, outcome) {
      if (outcome.kind !== "failed" || outcome.class !== "throttled" || outcome.retry_after === undefined)
        return;
      const seconds = Math.min(outcome.retry_after, LONGEST_HOLD_SECONDS);
      if (seconds <= 0) return;
      try {
        await db.tx(async (tx) => {
          // Many calls in flight are told the same.
          const held = await tx.query(
            `update vendor_config set held_until = now() + make_interval(secs => $3)
              where workspace_id = $1 and id = $2
                and (held_until is null or held_until < now() + make_interval(secs => $3) - interval '1 second')
             returning 1`,
            [workspace_id, id, seconds],
            "vendor_hold",
          );
          if (held.length > 0) await catalog.invalidate(tx, workspace_id, "vendor", id);
        });
      } catch (error) {
        log.warn(
          { err: error, vendor_config: id },
          "that a vendor has asked for a pause could not be written",
        );
      }
    },
    async close() {
      await Promise.allSettled([...open.values()].map(async ({ connection }) => connection.close?.()));
      open.clear();
    },
  };
}

const NO_ROWS: RouteRow[] = [];

export function isSimulator(vendor_slug: string | undefined): boolean {
  return vendor_slug?.startsWith("simulator-") === true;
}

function routeKey(tenant_id: string, channel: string, root: string): string {
  return `${tenant_id}/${channel}/${root}`;
}

/** A fresh workspace sends through simulators and its own inbox, so nothing can be sent by accident. */
export async function seedVendors(
  db: Queryable,
  workspace_id: number,
  box: SecretBox,
  ids: IdSource,
): Promise<void> {
  for (const channel of CHANNELS) {
    const vendor_slug = `${isOurs(channel) ? "carillon" : "simulator"}-${channel}`;
    const id = await insertVendor(
      db,
      { workspace_id, channel, vendor_slug, nickname: "", config: {} },
      box,
      ids,
    );
    await db.query(
      `insert into vendor_route (workspace_id, channel, root_category, position, vendor_config_id)
       select $1, $2, root, 0, $3 from unnest($4::text[]) as root`,
      [workspace_id, channel, id, [...LANES]],
    );
  }
}

export interface NewVendor {
  workspace_id: number;
  channel: Channel;
  vendor_slug: string;
  nickname: string;
  config: object;
}

/** Stores a vendor's settings, encrypted; returns their id. */
export async function insertVendor(
  db: Queryable,
  vendor: NewVendor,
  box: SecretBox,
  ids: IdSource,
): Promise<string> {
  const id = ids.ulid();
  await db.query(
    `insert into vendor_config (workspace_id, id, vendor_slug, channel, nickname, config) values ($1, $2, $3, $4, $5, $6)`,
    [
      vendor.workspace_id,
      id,
      vendor.vendor_slug,
      vendor.channel,
      vendor.nickname,
      box.seal(JSON.stringify(vendor.config)),
    ],
  );
  return id;
}
