import type { Catalog } from "../catalog/catalog.ts";
import type { Channel } from "../core/channel.ts";
import { DEFAULT_TENANT } from "../core/profile/effective-profile.ts";
import type { JsonObject } from "../core/json.ts";
import { LANES, type RootCategory } from "../core/lane.ts";
import type { Queryable, Tx } from "../db/db.ts";
import { AppError } from "../errors.ts";
import type { IdSource } from "../ids.ts";
import type { SecretBox } from "../workspaces/crypto.ts";
import { redactConfig, restoreSecrets } from "./vendor/secret.ts";
import type { Vendor } from "./vendor/vendor.ts";
import { webhookPath } from "./vendor/webhook.ts";
import { insertVendor } from "./vendor-table.ts";

/**
 * The vendor settings of a workspace: checked by the vendor's own schema, encrypted at rest, shown without secrets. A
 * saved vendor goes to the front of the priority list of its channel and categories.
 */
export interface VendorAdmin {
  list: (db: Queryable, workspace_id: number) => Promise<VendorSettings[]>;
  /** Throws `AppError` naming each wrong setting. A secret sent back in its masked form keeps its value. */
  save: (tx: Tx, workspace_id: number, vendor: SavedVendor) => Promise<VendorSettings>;
  /**
   * By the id of a configuration, or by the slug that lists show. False when there is none; throws `AppError` for a slug
   * with several accounts.
   */
  remove: (tx: Tx, workspace_id: number, name: string) => Promise<boolean>;
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
  updated_at: Date;
}

export interface SavedVendor {
  vendor_slug: string;
  /** Distinguishes several accounts of one vendor. */
  nickname: string;
  config: JsonObject;
  categories: RootCategory[];
}

export interface VendorAdminDeps {
  box: SecretBox;
  ids: IdSource;
  catalog: Catalog;
  vendors: ReadonlyMap<string, Vendor>;
}

interface Row {
  id: string;
  vendor_slug: string;
  channel: Channel;
  nickname: string;
  config: Buffer;
  webhook_uid: string;
  updated_at: Date;
  categories: RootCategory[] | null;
}

export function createVendorAdmin({ box, ids, catalog, vendors }: VendorAdminDeps): VendorAdmin {
  async function read(db: Queryable, workspace_id: number, id: string | null): Promise<Row[]> {
    return db.query<Row>(
      `select c.id, c.vendor_slug, c.channel, c.nickname, c.config, c.webhook_uid, c.updated_at,
              (select array_agg(r.root_category) from vendor_route r
                where r.workspace_id = c.workspace_id and r.vendor_config_id = c.id and r.position = 0) as categories
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
    async save(tx, workspace_id, { vendor_slug, nickname, config, categories }) {
      const vendor = getVendor(vendor_slug);
      await lockRoutes(tx, workspace_id);
      const [stored] = await tx.query<{ id: string; config: Buffer }>(
        "select id, config from vendor_config where workspace_id = $1 and vendor_slug = $2 and nickname = $3",
        [workspace_id, vendor_slug, nickname],
      );
      const before: unknown = stored === undefined ? undefined : JSON.parse(box.open(stored.config));
      const checked = check(vendor, restoreSecrets(vendor.config, config, before));
      const { channel } = vendor;
      const id =
        stored?.id ??
        (await insertVendor(tx, { workspace_id, channel, vendor_slug, nickname, config: checked }, box, ids));
      if (stored !== undefined) {
        await tx.query(
          "update vendor_config set config = $3, updated_at = clock_timestamp() where workspace_id = $1 and id = $2",
          [workspace_id, id, box.seal(JSON.stringify(checked))],
        );
      }
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
      await closeRanks(tx, workspace_id);
      await catalog.invalidate(tx, workspace_id, "vendor", "routes");
      await catalog.invalidate(tx, workspace_id, "vendor", id);
      return true;
    },
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

/** Serialises writers of a workspace's routes. */
async function lockRoutes(tx: Tx, workspace_id: number): Promise<void> {
  await tx.query("select 1 from workspace where workspace_id = $1 for no key update", [workspace_id]);
}

/** Rewrites one priority list with the vendor at its head; the rest keep their order. */
async function putFirst(
  tx: Tx,
  workspace_id: number,
  channel: Channel,
  root: RootCategory,
  id: string,
): Promise<void> {
  const others = await tx.query<{ vendor_config_id: string }>(
    `delete from vendor_route where workspace_id = $1 and tenant_id = '${DEFAULT_TENANT}' and channel = $2 and root_category = $3
     returning vendor_config_id, position`,
    [workspace_id, channel, root],
  );
  const rest = (others as { vendor_config_id: string; position: number }[])
    .filter(({ vendor_config_id }) => vendor_config_id !== id)
    .sort((left, right) => left.position - right.position);
  await tx.query(
    `insert into vendor_route (workspace_id, channel, root_category, position, vendor_config_id)
     select $1, $2, $3, (ordinal - 1)::int, vendor_config_id from unnest($4::text[]) with ordinality as v(vendor_config_id, ordinal)`,
    [workspace_id, channel, root, [id, ...rest.map(({ vendor_config_id }) => vendor_config_id)]],
  );
}

/** After a vendor was removed, the next in its lists becomes the first. */
async function closeRanks(tx: Tx, workspace_id: number): Promise<void> {
  const routes = await tx.query<{ channel: Channel; root_category: RootCategory; vendor_config_id: string }>(
    `select distinct on (channel, root_category) channel, root_category, vendor_config_id from vendor_route
      where workspace_id = $1 and tenant_id = '${DEFAULT_TENANT}' order by channel, root_category, position`,
    [workspace_id],
  );
  for (const { channel, root_category, vendor_config_id } of routes) {
    await putFirst(tx, workspace_id, channel, root_category, vendor_config_id);
  }
}
