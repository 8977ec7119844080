import type { Queryable } from "../db/db.ts";
import type { EngineDeps } from "./deps.ts";
import type { Run, Surroundings } from "./run.ts";

/**
 * Loads what a chunk of runs needs, once: configuration from the catalog (usually remembered), recipients and
 * actors in one statement a workspace.
 */
export async function loadSurroundings(
  tx: Queryable,
  runs: Run[],
  now: Date,
  deps: Pick<EngineDeps, "catalog" | "workspaces" | "recipients" | "vendors">,
): Promise<Surroundings> {
  const surroundings: Surroundings = {
    now,
    workspaces: new Map(),
    vendors: new Map(),
    tenants: new Map(),
    templates: new Map(),
    recipients: new Map(),
  };
  for (const [workspace_id, own] of groupBy(runs, (run) => run.workspace_id)) {
    surroundings.workspaces.set(workspace_id, await deps.workspaces.getById(workspace_id));
    surroundings.vendors.set(workspace_id, await deps.vendors.load(workspace_id));
    for (const tenant_id of new Set(own.map((run) => run.tenant_id))) {
      surroundings.tenants.set(
        `${workspace_id}/${tenant_id}`,
        await deps.catalog.findTenant(workspace_id, tenant_id),
      );
    }
    const workflows = new Set(own.map((run) => run.workflow));
    for (const slug of new Set([...workflows].flatMap((workflow) => workflow.templates))) {
      surroundings.templates.set(
        `${workspace_id}/${slug}`,
        await deps.catalog.findTemplate(workspace_id, slug),
      );
    }
    const ids = own.flatMap((run) => [run.recipient_id, run.actor?.recipient_id ?? null]);
    const present = [...new Set(ids.filter((id) => id !== null))];
    for (const [id, recipient] of await deps.recipients.loadById(tx, workspace_id, present)) {
      surroundings.recipients.set(id, recipient);
    }
  }
  return surroundings;
}

export function groupBy<T, K>(items: T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
