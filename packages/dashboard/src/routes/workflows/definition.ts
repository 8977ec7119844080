import type { WorkflowView } from "./list.tsx";

/** What of a workflow its author writes: the body of its upsert. The rest of what the API shows is its own. */
const WRITTEN = [
  "name",
  "description",
  "category",
  "tags",
  "trigger_type",
  "trigger_events",
  "payload_schema",
  "ratelimit",
  "conditions",
  "override_recipients_type",
  "override_recipients_user_expr",
  "override_recipients_single_object_fields_expr",
  "override_actor_user_expr",
  "override_tenant_expr",
  "tree",
] as const;

export function definitionOf(workflow: WorkflowView): Record<string, unknown> {
  return Object.fromEntries(WRITTEN.map((name) => [name, workflow[name]]));
}

export function textOf(workflow: WorkflowView): string {
  return JSON.stringify(definitionOf(workflow), null, 2);
}
