import { cut } from "../core/text/text.ts";
import type { Catalog, WorkflowEntry } from "./catalog.ts";
import type { CompiledWorkflow } from "./workflow.ts";

/** Whether a workflow can be triggered; the reasons are the wire's texts. */
export type Availability =
  | { ok: true; live: CompiledWorkflow }
  | {
      ok: false;
      code: "not_found" | "workflow_not_committed" | "workflow_disabled";
      reason: string;
    };

/** No workflow has a longer one. The catalog also remembers what it did not find, so it is not asked for these. */
const MAX_SLUG = 255;

export async function findAvailable(
  catalog: Pick<Catalog, "findWorkflow">,
  workspace_id: number,
  slug: string,
): Promise<Availability> {
  const entry = slug.length > MAX_SLUG ? null : await catalog.findWorkflow(workspace_id, slug);
  return availabilityOf(entry, slug);
}

export function availabilityOf(entry: WorkflowEntry | null, slug: string): Availability {
  const name = `'${cut(slug, MAX_SLUG)}'`;
  if (entry === null) return { ok: false, code: "not_found", reason: `workflow ${name} not found` };
  if (entry.live === null) {
    return { ok: false, code: "workflow_not_committed", reason: "workflow version not found" };
  }
  if (!entry.is_enabled) {
    return { ok: false, code: "workflow_disabled", reason: `workflow with slug ${name} is disabled` };
  }
  return { ok: true, live: entry.live };
}
