import type { Catalog } from "../../catalog/catalog.ts";
import { type Tenant, TENANT_VERSION } from "../../catalog/tenant.ts";
import type { Queryable, Tx } from "../../db/db.ts";
import { readNows } from "../../workspaces/clock.ts";
import type { EngineDeps } from "../deps.ts";
import type { Dispatch, Handler, Ref } from "../../queue/queue.ts";
import { TENANT_CHANGED } from "../node.ts";
import type { Run, Surroundings } from "../run.ts";
import { tellWatchers, type Watcher } from "./waiters.ts";

/**
 * Runs that wait with an eye on their tenant look again once it has changed. All the runs of a workspace may have one
 * tenant, so they are told by a job, page by page, behind the transaction that changed it.
 *
 * Nobody is missed. The job begins when the change has committed, and finds every wait that has. A wait that has not
 * holds the row of its tenant until it does, so that nobody changes it; where somebody is changing it already, or it
 * was changed since the run had read it, the run is told by its own transaction, and looks again behind it.
 */
const PAGE = 500;
/** Whatever the lanes of those who are told. */
const LANE = 1;

/** How far a job has come: the workspace's time of the change, the tenant, and the last run that was told. */
interface Place {
  at: Date;
  tenant_id: string;
  after: string;
}

/**
 * The catalog as everybody outside the engine is handed it: whoever has a tenant forgotten because it was changed has
 * its watchers told, too. An endpoint cannot forget it.
 */
export function tellingCatalog(
  catalog: Catalog,
  { dispatch, clock }: Pick<EngineDeps, "dispatch" | "clock">,
): Catalog {
  return {
    ...catalog,
    async invalidate(tx, workspace_id, kind, key) {
      await catalog.invalidate(tx, workspace_id, kind, key);
      if (kind !== "tenant") return;
      const at = (await readNows(tx, [workspace_id], await clock(tx))).get(workspace_id);
      if (at === undefined) throw new Error(`workspace ${workspace_id} is gone`);
      await queue(tx, workspace_id, { at, tenant_id: key, after: "" }, dispatch);
    },
  };
}

export function createTellHandler({ db, dispatch }: Pick<EngineDeps, "db" | "dispatch">): Handler {
  return {
    batch: { 0: 1, 1: 4, 2: 1 },
    loops: { 0: 0, 1: 1, 2: 0 },
    divisible: true,
    handle: (jobs, lane) =>
      db.tx(
        async (tx) => {
          await dispatch.settle(tx, "tell", lane, jobs);
          for (const ref of jobs.flatMap(({ refs }) => refs)) await tellPage(tx, ref, dispatch);
        },
        { relaxed: true },
      ),
    // Those who wait go on when their time is up.
    giveUp: async () => {},
  };
}

/** Relies on the primary key of waiter. */
async function tellPage(tx: Tx, { workspace_id, id }: Ref, dispatch: Dispatch): Promise<void> {
  const place = readPlace(id);
  const { at, tenant_id, after } = place;
  const watchers = await tx.query<Watcher>(
    `select workspace_id, run_id as id, wait_id, $5::timestamptz as at from waiter
      where workspace_id = $1 and key = $2 and topic = $3 and run_id > $4 order by run_id limit ${PAGE}`,
    [workspace_id, tenant_id, TENANT_CHANGED, after, at],
    "tenant_watchers",
  );
  await tellWatchers(tx, watchers, dispatch);
  const last = watchers.at(-1);
  if (last === undefined || watchers.length < PAGE) return;
  await queue(tx, workspace_id, { ...place, after: last.id }, dispatch);
}

/** No part has a slash in it. */
async function queue(
  tx: Tx,
  workspace_id: number,
  { at, tenant_id, after }: Place,
  dispatch: Pick<Dispatch, "enqueue">,
): Promise<void> {
  const id = [at.toISOString(), tenant_id, after].join("/");
  await dispatch.enqueue(tx, "tell", LANE, [{ workspace_id, id, tenant_id }]);
}

function readPlace(id: string): Place {
  const [at = "", tenant_id = "", after = ""] = id.split("/");
  return { at: new Date(at), tenant_id, after };
}

/**
 * The tenants of woken runs, from memory where that will do. It will not for runs that watch theirs, which may have
 * been woken because it is not any more what this process remembers, and for runs that would end because there is
 * none: it may have been made this moment.
 */
export async function readTenants(
  tx: Queryable,
  runs: readonly Run[],
  remembered: ReadonlyMap<string, Tenant | null>,
  { catalog }: Pick<EngineDeps, "catalog">,
): Promise<Map<string, Tenant | null>> {
  const tenants = new Map(remembered);
  const asked = new Set<string>();
  for (const { workspace_id, tenant_id, memory } of runs) {
    const key = `${workspace_id}/${tenant_id}`;
    const isWatched = memory.wait?.topics?.some(({ name }) => name === TENANT_CHANGED) === true;
    const isKnown = (remembered.get(key) ?? null) !== null;
    if (asked.has(key) || (isKnown && !isWatched)) continue;
    asked.add(key);
    tenants.set(key, await catalog.readTenant(tx, workspace_id, tenant_id));
  }
  return tenants;
}

/**
 * Tells runs that begin to watch their tenant whether it is still what they have seen; until they have committed it
 * stays as it is. One that somebody is writing at this moment counts as changed: waiting for him here, with runs
 * locked, could be waiting for each other.
 */
export async function tellMissedTenants(
  tx: Tx,
  runs: readonly Run[],
  { tenants }: Surroundings,
  dispatch: Pick<Dispatch, "enqueue">,
): Promise<void> {
  const watching = runs.flatMap(({ workspace_id, id, tenant_id, now: at, left: { began } }) =>
    began?.topics?.some(({ name }) => name === TENANT_CHANGED) === true
      ? [{ workspace_id, id, wait_id: began.id, at, tenant: `${workspace_id}/${tenant_id}`, tenant_id }]
      : [],
  );
  if (watching.length === 0) return;
  const rows = await tx.query<{ tenant: string; version: string }>(
    `select t.workspace_id || '/' || t.tenant_id as tenant, ${TENANT_VERSION} as version
       from (select distinct * from unnest($1::int[], $2::text[]) as k(workspace_id, tenant_id)) k
       join tenant t on t.workspace_id = k.workspace_id and t.tenant_id = k.tenant_id
        for share of t skip locked`,
    [watching.map(({ workspace_id }) => workspace_id), watching.map(({ tenant_id }) => tenant_id)],
    "watched_tenants",
  );
  const versions = new Map(rows.map(({ tenant, version }) => [tenant, version]));
  const missed = watching.filter(({ tenant }) => {
    const version = versions.get(tenant);
    return version === undefined || version !== tenants.get(tenant)?.version;
  });
  await tellWatchers(tx, missed, dispatch);
}
