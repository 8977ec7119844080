import type { Catalog } from "../catalog/catalog.ts";
import type { Channel } from "../core/channel.ts";
import type { RootCategory } from "../core/lane.ts";
import { DEFAULT_TENANT } from "../core/profile/effective-profile.ts";
import type { Queryable, Tx } from "../db/db.ts";
import { AppError } from "../errors.ts";

/**
 * The priority lists: for each tenant, channel and root category, the vendors in the order in which they are tried. A
 * tenant without a list of its own uses the default tenant's.
 */
export interface VendorRoutes {
  list: (db: Queryable, workspace_id: number) => Promise<VendorRoute[]>;
  /** Replaces one list; an empty one removes it. Throws `AppError` for a vendor that is not stored, or of another channel. */
  set: (tx: Tx, workspace_id: number, route: VendorRoute) => Promise<void>;
}

export interface VendorRoute {
  tenant_id: string;
  channel: Channel;
  category: RootCategory;
  vendors: ListedVendor[];
}

export interface ListedVendor {
  /** Of its settings. */
  id: string;
  /** How long it has to report a delivery before the next one is tried as well. */
  fallback_seconds: number;
}

export function createVendorRoutes({ catalog }: { catalog: Pick<Catalog, "invalidate"> }): VendorRoutes {
  return {
    list: (db, workspace_id) =>
      db.query<VendorRoute>(
        `select tenant_id, channel, root_category as category,
                json_agg(json_build_object('id', vendor_config_id, 'fallback_seconds', fallback_seconds) order by position) as vendors
           from vendor_route where workspace_id = $1
          group by tenant_id, channel, root_category order by tenant_id, channel, root_category`,
        [workspace_id],
      ),
    async set(tx, workspace_id, { tenant_id, channel, category, vendors }) {
      await lockRoutes(tx, workspace_id);
      const ids = vendors.map(({ id }) => id);
      const known = await tx.query<{ id: string; channel: string }>(
        "select id, channel from vendor_config where workspace_id = $1 and id = any($2)",
        [workspace_id, ids],
      );
      for (const [index, id] of ids.entries()) {
        const stored = known.find((one) => one.id === id);
        if (stored === undefined) throw wrong(index, `vendor configuration '${id}' not found`);
        if (stored.channel !== channel) throw wrong(index, `'${id}' is a vendor of ${stored.channel}`);
        if (ids.indexOf(id) < index) throw wrong(index, `'${id}' is listed twice`);
      }
      await tx.query(
        "delete from vendor_route where workspace_id = $1 and tenant_id = $2 and channel = $3 and root_category = $4",
        [workspace_id, tenant_id, channel, category],
      );
      await insertRoute(tx, workspace_id, { tenant_id, channel, category, vendors });
      await catalog.invalidate(tx, workspace_id, "vendor", "routes");
    },
  };
}

function wrong(index: number, text: string): AppError {
  const detail = { [`vendors.${index}.id`]: [text] };
  return new AppError("validation_error", JSON.stringify(detail), { detail });
}

/** Serialises writers of a workspace's lists. */
export async function lockRoutes(tx: Tx, workspace_id: number): Promise<void> {
  await tx.query("select 1 from workspace where workspace_id = $1 for no key update", [workspace_id]);
}

const FALLBACK_SECONDS = 30;

/** Rewrites one list of the default tenant with the vendor at its head; the rest keep their order. */
export async function putFirst(
  tx: Tx,
  workspace_id: number,
  channel: Channel,
  category: RootCategory,
  id: string,
): Promise<void> {
  const before = await tx.query<ListedVendor & { position: number }>(
    `delete from vendor_route where workspace_id = $1 and tenant_id = $4 and channel = $2 and root_category = $3
     returning vendor_config_id as id, fallback_seconds, position`,
    [workspace_id, channel, category, DEFAULT_TENANT],
  );
  const first = before.find((one) => one.id === id) ?? { id, fallback_seconds: FALLBACK_SECONDS };
  const rest = before
    .filter((one) => one.id !== id)
    .toSorted((left, right) => left.position - right.position);
  const route = { tenant_id: DEFAULT_TENANT, channel, category, vendors: [first, ...rest] };
  await insertRoute(tx, workspace_id, route);
}

async function insertRoute(
  tx: Tx,
  workspace_id: number,
  { tenant_id, channel, category, vendors }: VendorRoute,
): Promise<void> {
  await tx.query(
    `insert into vendor_route (workspace_id, tenant_id, channel, root_category, position, vendor_config_id, fallback_seconds)
     select $1, $2, $3, $4, (ordinal - 1)::int, id, seconds
       from unnest($5::text[], $6::int[]) with ordinality as v(id, seconds, ordinal)`,
    [
      workspace_id,
      tenant_id,
      channel,
      category,
      vendors.map(({ id }) => id),
      vendors.map(({ fallback_seconds }) => fallback_seconds),
    ],
  );
}
