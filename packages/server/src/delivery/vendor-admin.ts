import { z } from "zod";
import type { Catalog } from "../catalog/catalog.ts";
import type { Channel } from "../core/channel.ts";
import { DEFAULT_TENANT } from "../core/profile/effective-profile.ts";
import type { JsonObject } from "../core/json.ts";
import { LANES, type RootCategory } from "../core/lane.ts";
import type { Queryable, Tx } from "../db/db.ts";
import { AppError } from "../errors.ts";
import type { IdSource } from "../ids.ts";
import type { SecretBox } from "../workspaces/crypto.ts";
import { readVendorHealth, type VendorHealth } from "./health/vendor-health.ts";
import type { Pace } from "./pacing/pacer.ts";
import { redactConfig, restoreSecrets } from "./vendor/secret.ts";
import type { Outcome, OutgoingMessage, Vendor, Verification } from "./vendor/vendor.ts";
import { webhookPath } from "./vendor/webhook.ts";
import { createVendorRoutes, lockRoutes, putFirst, type VendorRoutes } from "./vendor-routes.ts";
import { insertVendor, type VendorTables } from "./vendor-table.ts";

/**
 * The vendor settings of a workspace: checked by the vendor's own schema, encrypted at rest, shown without secrets. A
 * saved vendor goes to the front of the priority list of its channel and categories.
 */
export interface VendorAdmin {
  list: (db: Queryable, workspace_id: number) => Promise<VendorSettings[]>;
  /** Throws `AppError` naming each wrong setting. A secret sent back in its masked form keeps its value. */
  save: (tx: Tx, workspace_id: number, vendor: SavedVendor) => Promise<VendorSettings>;
  /** How each of them has done in the last minutes. */
  health: (db: Queryable, workspace_id: number, minutes: number) => Promise<VendorReading[]>;
  /**
   * By the id of a configuration, or by the slug that lists show. False when there is none; throws `AppError` for a slug
   * with several accounts.
   */
  remove: (tx: Tx, workspace_id: number, name: string) => Promise<boolean>;
  /** Makes the vendor's cheap call that proves the credentials; null: there are no settings of this id. */
  verify: (workspace_id: number, id: string, signal: AbortSignal) => Promise<Verification | null>;
  /** Sends a message that no workflow made and no log keeps; null: there are no settings of this id. */
  test: (
    workspace_id: number,
    id: string,
    message: TestMessage,
    signal: AbortSignal,
  ) => Promise<Outcome | null>;
  routes: VendorRoutes;
  /** The vendors that there are, by slug. */
  catalog: VendorEntry[];
}

export type TestMessage = Pick<OutgoingMessage, "workspace" | "to" | "content" | "callback_url">;

export interface VendorEntry {
  vendor_slug: string;
  channel: Channel;
  name: string;
  reports: boolean;
  /** The settings, as a JSON Schema. */
  settings: Record<string, unknown>;
}

export interface VendorSettings {
  id: string;
  vendor_slug: string;
  channel: Channel;
  name: string;
  nickname: string;
  /** Secrets masked. */
  config: JsonObject;
  /** Root categories for which it is the first choice. */
  categories: RootCategory[];
  /** Where the vendor is to report, below the server's own address; null for one that does not. */
  webhook_path: string | null;
  /** Of one notification, for smart routing by cost; null: unknown. */
  price: number | null;
  pace: Pace;
  /** It has asked not to be called before this; null: it may be called. */
  held_until: Date | null;
  /** Why it is not called at present, and since when; null: it is called. */
  broken: { since: Date; reason: string } | null;
  /** Whether reports have ever come, without which a silent vendor is not doubted. */
  has_reported: boolean;
  updated_at: Date;
}

export interface VendorReading extends VendorSettings {
  health: VendorHealth;
}

export interface SavedVendor {
  vendor_slug: string;
  /** Distinguishes several accounts of one vendor. */
  nickname: string;
  config: JsonObject;
  categories: RootCategory[];
  price: number | null;
  /** Absent: what is stored stays. */
  pace?: Partial<Pace>;
}

export interface VendorAdminDeps {
  tables: Pick<VendorTables, "connect">;
  box: SecretBox;
  ids: IdSource;
  catalog: Catalog;
  vendors: ReadonlyMap<string, Vendor>;
}

interface Row extends Pace {
  id: string;
  held_until: Date | null;
  vendor_slug: string;
  channel: Channel;
  nickname: string;
  config: Buffer;
  webhook_uid: string;
  price: number | null;
  has_reported: boolean;
  broken_at: Date | null;
  broken_reason: string | null;
  updated_at: Date;
  categories: RootCategory[] | null;
}

export function createVendorAdmin({ tables, box, ids, catalog, vendors }: VendorAdminDeps): VendorAdmin {
  async function read(db: Queryable, workspace_id: number, id: string | null): Promise<Row[]> {
    return db.query<Row>(
      `select c.id, c.vendor_slug, c.channel, c.nickname, c.config, c.webhook_uid, c.price::float8, c.reported_at is not null as has_reported, c.broken_at,
              c.rate_per_second, c.burst, c.daily_cap, case when c.held_until > now() then c.held_until end as held_until, c.broken_reason, c.updated_at,
              (select array_agg(r.root_category) from vendor_route r
                where r.workspace_id = c.workspace_id and r.vendor_config_id = c.id and r.tenant_id = '${DEFAULT_TENANT}'
                  and not exists (select from vendor_route e
                                   where e.workspace_id = r.workspace_id and e.tenant_id = r.tenant_id
                                     and e.channel = r.channel and e.root_category = r.root_category
                                     and e.position < r.position)) as categories
         from vendor_config c where c.workspace_id = $1 and ($2::text is null or c.id = $2)
        order by c.channel, c.vendor_slug, c.nickname`,
      [workspace_id, id],
    );
  }

  function present(row: Row): VendorSettings {
    const vendor = vendors.get(row.vendor_slug);
    const config = JSON.parse(box.open(row.config)) as JsonObject;
    return {
      id: row.id,
      vendor_slug: row.vendor_slug,
      channel: row.channel,
      name: vendor?.name ?? row.vendor_slug,
      nickname: row.nickname,
      config: vendor === undefined ? {} : redactConfig(vendor.config, config),
      categories: LANES.filter((root) => row.categories?.includes(root) === true),
      webhook_path: vendor?.webhook === undefined ? null : webhookPath(vendor, row.webhook_uid),
      price: row.price,
      pace: { rate_per_second: row.rate_per_second, burst: row.burst, daily_cap: row.daily_cap },
      held_until: row.held_until,
      broken: row.broken_at === null ? null : { since: row.broken_at, reason: row.broken_reason ?? "" },
      has_reported: row.has_reported || vendor?.reports_by_itself === true,
      updated_at: row.updated_at,
    };
  }

  function getVendor(slug: string): Vendor {
    const vendor = vendors.get(slug);
    if (vendor !== undefined) return vendor;
    const known = [...vendors.keys()].filter((name) => !name.startsWith("simulator-")).join(", ");
    throw new AppError(
      "not_found",
      `vendor '${slug}' not found. There are: ${known}, and simulator-<channel>`,
    );
  }

  return {
    list: async (db, workspace_id) => (await read(db, workspace_id, null)).map(present),
    async health(db, workspace_id, minutes) {
      const rows = await read(db, workspace_id, null);
      const health = await readVendorHealth(db, workspace_id, minutes);
      return rows.flatMap((row) => {
        const reading = health.get(row.id);
        return reading === undefined ? [] : [{ ...present(row), health: reading }];
      });
    },
    async save(tx, workspace_id, { vendor_slug, nickname, config, categories, price, pace = {} }) {
      const vendor = getVendor(vendor_slug);
      await lockRoutes(tx, workspace_id);
      const [stored] = await tx.query<{ id: string; config: Buffer }>(
        "select id, config from vendor_config where workspace_id = $1 and vendor_slug = $2 and nickname = $3",
        [workspace_id, vendor_slug, nickname],
      );
      const before: unknown = stored === undefined ? undefined : JSON.parse(box.open(stored.config));
      const given = restoreSecrets(vendor.config, config, before);
      const checked = check(vendor, vendor.make?.(given, before) ?? given);
      const { channel } = vendor;
      const id =
        stored?.id ??
        (await insertVendor(tx, { workspace_id, channel, vendor_slug, nickname, config: checked }, box, ids));
      await tx.query(
        `update vendor_config set config = $3, price = coalesce($4, price), updated_at = clock_timestamp(),
                broken_at = null, broken_reason = null, held_until = null,
                rate_per_second = case when $5::jsonb ? 'rate_per_second' then ($5::jsonb->>'rate_per_second')::float8 else rate_per_second end,
                burst = case when $5::jsonb ? 'burst' then ($5::jsonb->>'burst')::int else burst end,
                daily_cap = case when $5::jsonb ? 'daily_cap' then ($5::jsonb->>'daily_cap')::int else daily_cap end
          where workspace_id = $1 and id = $2`,
        [workspace_id, id, box.seal(JSON.stringify(checked)), price, JSON.stringify(pace)],
      );
      for (const root of categories) await putFirst(tx, workspace_id, vendor.channel, root, id);
      await catalog.invalidate(tx, workspace_id, "vendor", "routes");
      await catalog.invalidate(tx, workspace_id, "vendor", id);
      const [row] = await read(tx, workspace_id, id);
      if (row === undefined) throw new Error("the vendor was not stored");
      return present(row);
    },
    async remove(tx, workspace_id, name) {
      await lockRoutes(tx, workspace_id);
      const found = await tx.query<{ id: string; nickname: string }>(
        "select id, nickname from vendor_config where workspace_id = $1 and (id = $2 or vendor_slug = $2) order by nickname",
        [workspace_id, name],
      );
      const [first] = found;
      if (first === undefined) return false;
      if (found.length > 1) {
        const accounts = found.map(({ id, nickname }) => `'${nickname}' (${id})`).join(", ");
        throw new AppError(
          "conflict",
          `vendor '${name}' has several accounts, name one by its id: ${accounts}`,
        );
      }
      const { id } = first;
      await tx.query("delete from vendor_config where workspace_id = $1 and id = $2", [workspace_id, id]);
      await catalog.invalidate(tx, workspace_id, "vendor", "routes");
      await catalog.invalidate(tx, workspace_id, "vendor", id);
      return true;
    },
    async verify(workspace_id, id, signal) {
      const open = await tables.connect(workspace_id, id);
      if (open === null) return null;
      const text = "this vendor has no call that proves credentials: send a message";
      return (await open.connection.verify?.(signal)) ?? { ok: false, message: text };
    },
    async test(workspace_id, id, message, signal) {
      const open = await tables.connect(workspace_id, id);
      if (open === null) return null;
      const sample: OutgoingMessage = {
        ...message,
        message_id: ids.ulid(),
        tenant_id: DEFAULT_TENANT,
        recipient: "test",
        category: "system",
        attempt: 1,
        attachments: [],
        only_to: null,
      };
      return open.connection.send(sample, signal);
    },
    routes: createVendorRoutes({ catalog }),
    catalog: [...vendors.values()]
      .map((vendor) => ({
        vendor_slug: vendor.slug,
        channel: vendor.channel,
        name: vendor.name,
        reports: vendor.webhook !== undefined || vendor.reports_by_itself === true,
        settings: z.toJSONSchema(vendor.config, { io: "input" }) as Record<string, unknown>,
      }))
      .toSorted((one, other) => (one.vendor_slug < other.vendor_slug ? -1 : 1)),
  };
}

/** Checked by the vendor's own schema, whose messages name the field. */
function check(vendor: Vendor, config: JsonObject): JsonObject {
  const parsed = vendor.config.safeParse(config);
  if (parsed.success) return parsed.data as JsonObject;
  const entries = parsed.error.issues.map((issue) => [`config.${issue.path.join(".")}`, [issue.message]]);
  const detail: unknown = Object.fromEntries(entries);
  throw new AppError("validation_error", JSON.stringify(detail), { detail });
}
