import type { Handler, Ref } from "../../queue/job.ts";
import type { Catalog } from "../../catalog/catalog.ts";
import { type Tenant, TENANT_VERSION } from "../../catalog/tenant.ts";
import { int, rowsOf, text } from "../../db/bulk.ts";
import type { Queryable, Tx } from "../../db/db.ts";
import { readNows } from "../../workspaces/clock.ts";
import type { EngineDeps } from "../deps.ts";
import type { Queue } from "../../queue/queue.ts";
import { TENANT_CHANGED } from "../node.ts";
import type { Run, ChunkData } from "../run.ts";
import { continueSwap, forgetSwap, isSwap } from "../effects/list-swaps.ts";
import { signalRuns, type Watcher } from "./waiters.ts";

/**
 * Runs that watch their tenant check it again once it has changed. All runs of a workspace may have the same tenant, so
 * they are signalled by a job, page by page, after the transaction that changed it.
 *
 * No run is missed. The job begins when the change has committed, and finds every committed wait. A wait that has not
 * committed holds its tenant's row until it does, which blocks changes; if the tenant is already being changed, or was
 * changed since the run read it, the run is signalled by its own transaction and checks again after it.
 */
const PAGE = 500;
/** Signals of all lanes share the middle one. */
const LANE = 1;

/**
 * The catalog as given to everything outside the engine: invalidating a changed tenant also signals the runs that watch
 * it, so that no endpoint can forget to.
 */
export function catalogWithSignals(
  catalog: Catalog,
  { queue, clock, ids }: Pick<EngineDeps, "queue" | "clock" | "ids">,
): Catalog {
  return {
    ...catalog,
    async invalidate(tx, workspace_id, kind, key) {
      await catalog.invalidate(tx, workspace_id, kind, key);
      if (kind !== "tenant") return;
      const at = (await readNows(tx, [workspace_id], await clock(tx))).get(workspace_id);
      if (at === undefined) throw new Error(`workspace ${workspace_id} is gone`);
      const id = ids.ulid();
      await tx.query("insert into tenant_change (workspace_id, id, tenant_id, at) values ($1, $2, $3, $4)", [
        workspace_id,
        id,
        key,
        at,
      ]);
      await queue.enqueue(tx, "signal", [{ workspace_id, id, tenant_id: key, lane: LANE }]);
    },
  };
}

/** What one change means for many, page by page: for runs that watch a tenant, for users of a list that was replaced. */
export function createSignalHandler(deps: Pick<EngineDeps, "db" | "queue" | "ids">): Handler {
  const { db, queue } = deps;
  return {
    batch: { 0: 1, 1: 4, 2: 1 },
    loops: { 0: 0, 1: 1, 2: 0 },
    divisible: true,
    handle: (jobs, lane) =>
      db.tx(
        async (tx) => {
          await queue.settle(tx, "signal", lane, jobs);
          for (const ref of jobs.flatMap(({ refs }) => refs))
            await (isSwap(ref) ? continueSwap(tx, ref, deps) : signalPage(tx, ref, queue));
        },
        { relaxed: true },
      ),
    // Waiting runs continue when their time is up.
    giveUp: (tx, ref) => (isSwap(ref) ? forgetSwap(tx, ref) : forgetChange(tx, ref)),
  };
}

interface Change {
  tenant_id: string;
  at: Date;
  after_run_id: string | null;
}

/** Relies on the primary key of waiter. */
async function signalPage(tx: Tx, ref: Ref, queue: Queue): Promise<void> {
  const { workspace_id, id } = ref;
  const [change] = await tx.query<Change>(
    "select tenant_id, at, after_run_id from tenant_change where workspace_id = $1 and id = $2",
    [workspace_id, id],
  );
  if (change === undefined) return;
  const { tenant_id, at, after_run_id } = change;
  const watchers = await tx.query<Watcher>(
    `select workspace_id, run_id as id, wait_id, $5::timestamptz as at from waiter
      where workspace_id = $1 and key = $2 and topic = $3 and run_id > $4 order by run_id limit ${PAGE}`,
    [workspace_id, tenant_id, TENANT_CHANGED, after_run_id ?? "", at],
    "tenant_watchers",
  );
  await signalRuns(tx, watchers, "tenant", queue);
  const last = watchers.at(-1);
  if (last === undefined || watchers.length < PAGE) return forgetChange(tx, ref);
  await tx.query("update tenant_change set after_run_id = $3 where workspace_id = $1 and id = $2", [
    workspace_id,
    id,
    last.id,
  ]);
  await queue.enqueue(tx, "signal", [{ workspace_id, id, tenant_id, lane: LANE }]);
}

async function forgetChange(tx: Tx, { workspace_id, id }: Ref): Promise<void> {
  await tx.query("delete from tenant_change where workspace_id = $1 and id = $2", [workspace_id, id]);
}

/**
 * The tenants of woken runs, from cache where that suffices. It does not for runs that watch their tenant, which may
 * have been woken because it differs from the cached one, nor for runs that would end because there is no tenant: it
 * may just have been created.
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
 * Signals runs that begin to watch their tenant if it is no longer what they read; a share lock keeps it unchanged
 * until they commit. Returns the runs whose tenant is being written right now: waiting for its lock here, with runs
 * locked, could deadlock, so a job of the listen stage waits for it.
 */
export async function signalMissedTenants(
  tx: Tx,
  runs: readonly Run[],
  { tenants }: ChunkData,
  queue: Pick<Queue, "enqueue">,
): Promise<Run[]> {
  const watching = runs.flatMap((run) => {
    const { workspace_id, id, tenant_id, now: at } = run;
    const { began } = run.left;
    return began?.topics?.some(({ name }) => name === TENANT_CHANGED) === true
      ? [{ run, workspace_id, id, wait_id: began.id, at, tenant: `${workspace_id}/${tenant_id}`, tenant_id }]
      : [];
  });
  if (watching.length === 0) return [];
  const { from, values } = rowsOf("k", watching, {
    workspace_id: int((run) => run.workspace_id),
    tenant_id: text((run) => run.tenant_id),
  });
  const rows = await tx.query<{ tenant: string; version: string }>(
    `select t.workspace_id || '/' || t.tenant_id as tenant, ${TENANT_VERSION} as version
       from (select distinct * from ${from}) k
       join tenant t on t.workspace_id = k.workspace_id and t.tenant_id = k.tenant_id
        for share of t skip locked`,
    values,
    "watched_tenants",
  );
  const versions = new Map(rows.map(({ tenant, version }) => [tenant, version]));
  const changed = watching.filter(({ tenant }) => {
    const version = versions.get(tenant);
    return version !== undefined && version !== tenants.get(tenant)?.version;
  });
  await signalRuns(tx, changed, "tenant", queue);
  return watching.filter(({ tenant }) => !versions.has(tenant)).map(({ run }) => run);
}
