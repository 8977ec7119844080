import { resolveDigest } from "../../core/preferences/digest-schedule.ts";
import type { CategorySchedule } from "../../core/schedule/category-schedule.ts";
import type { CompiledWorkflow } from "../../catalog/workflow.ts";
import { DEFAULT_TENANT } from "../../core/profile/effective-profile.ts";
import type { Queryable } from "../../db/db.ts";
import type { ChoiceLookup, Concern } from "../../preferences/choices.ts";
import { type LivePolicy, policyKey } from "../../preferences/preferences.ts";
import type { StoredRecipient } from "../../recipients/recipients.ts";
import type { EngineDeps } from "../deps.ts";
import type { ChunkData, Configuration, Run } from "../run.ts";

/** A combination of workspace, tenant and workflow among a chunk's runs. */
export interface Use {
  workspace_id: number;
  tenant_id: string;
  workflow: CompiledWorkflow;
}

/**
 * Loads the configuration that a chunk of runs needs, usually from memory. Call it before the chunk's transaction: what
 * is not cached is read over another connection of the pool, and transactions that hold one connection while waiting
 * for another can exhaust the pool and wait for each other for ever.
 */
export async function loadConfiguration(
  uses: Use[],
  deps: Pick<EngineDeps, "catalog" | "workspaces" | "vendors" | "preferences">,
): Promise<Configuration> {
  const configuration: Configuration = {
    workspaces: new Map(),
    vendors: new Map(),
    tenants: new Map(),
    templates: new Map(),
    translations: new Map(),
    targets: new Map(),
    places: new Map(),
    policies: new Map(),
  };
  for (const [workspace_id, own] of Map.groupBy(uses, (use) => use.workspace_id)) {
    configuration.workspaces.set(workspace_id, await deps.workspaces.getById(workspace_id));
    configuration.vendors.set(workspace_id, await deps.vendors.load(workspace_id));
    configuration.translations.set(workspace_id, await deps.catalog.findTranslations(workspace_id));
    for (const tenant_id of new Set([DEFAULT_TENANT, ...own.map((use) => use.tenant_id)])) {
      configuration.tenants.set(
        `${workspace_id}/${tenant_id}`,
        await deps.catalog.findTenant(workspace_id, tenant_id),
      );
    }
    for (const { tenant_id, workflow } of own) {
      const key = policyKey(workspace_id, tenant_id, workflow.category);
      if (configuration.policies.has(key)) continue;
      const policy = await deps.preferences.findPolicy(workspace_id, tenant_id, workflow.category);
      configuration.policies.set(key, policy);
    }
    const workflows = new Set(own.map((use) => use.workflow));
    for (const slug of new Set([...workflows].flatMap((workflow) => workflow.templates))) {
      configuration.templates.set(
        `${workspace_id}/${slug}`,
        await deps.catalog.findTemplate(workspace_id, slug),
      );
    }
    for (const slug of new Set([...workflows].flatMap((workflow) => workflow.invokes))) {
      configuration.targets.set(
        `${workspace_id}/${slug}`,
        await deps.catalog.findWorkflow(workspace_id, slug),
      );
    }
  }
  return configuration;
}

/**
 * Loads recipients and actors by id as the transaction sees them, with one statement per workspace. Recipients already
 * read or written in this transaction (`known`) are not read again.
 */
export async function loadPeople(
  tx: Queryable,
  runs: Run[],
  { recipients }: Pick<EngineDeps, "recipients">,
  known: ReadonlyMap<string, StoredRecipient> = new Map(),
): Promise<Map<string, StoredRecipient>> {
  const people = new Map(known);
  for (const [workspace_id, own] of Map.groupBy(runs, (run) => run.workspace_id)) {
    const ids = own.flatMap((run) => [run.recipient_id, run.actor?.recipient_id ?? null]);
    const missing = [...new Set(ids.filter((id) => id !== null))].filter((id) => !known.has(id));
    const tenants = [...new Set(own.map((run) => run.tenant_id))];
    for (const [id, recipient] of await recipients.loadById(tx, workspace_id, missing, tenants)) {
      people.set(id, recipient);
    }
  }
  return people;
}

/** Loads the preferences of these runs' recipients, as the transaction sees them. */
export async function loadChoices(
  tx: Queryable,
  runs: Run[],
  { preferences }: Pick<EngineDeps, "preferences">,
): Promise<Map<number, ChoiceLookup>> {
  const choices = new Map<number, ChoiceLookup>();
  for (const [workspace_id, own] of Map.groupBy(runs, (run) => run.workspace_id)) {
    choices.set(workspace_id, await preferences.load(tx, workspace_id, own.map(concernOf)));
  }
  return choices;
}

/** The run's category with its tenant's settings; null where no published category has the slug any more. */
export function policyOf(run: Run, { policies }: Pick<Configuration, "policies">): LivePolicy | null {
  return policies.get(policyKey(run.workspace_id, run.tenant_id, run.workflow.category)) ?? null;
}

export function concernOf({ recipient_id, tenant_id, workflow: { category } }: Run): Concern {
  return { recipient_id, tenant_id, category };
}

/** How often the run's recipient wants digests of its category, `policy`; null where that has no digest schedule. */
export function categoryDigest(
  run: Run,
  policy: LivePolicy | null,
  { choices }: Pick<ChunkData, "choices">,
): CategorySchedule | null {
  if (policy === null || policy.category.digest_schedule === null) return null;
  const chosen = choices.get(run.workspace_id)?.(concernOf(run));
  return resolveDigest(
    policy.category.digest_schedule,
    policy.tenant_category?.digest_schedule ?? null,
    chosen?.digest_schedule ?? null,
  );
}
