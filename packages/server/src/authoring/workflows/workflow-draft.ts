import type { Condition } from "../../core/conditions/conditions.ts";
import type { JsonObject } from "../../core/json.ts";
import type { NodeDefinition } from "../../engine/node.ts";
import { contentHash } from "../../catalog/content-hash.ts";
import { normalizeTree } from "./normalize-tree.ts";
import type { WorkflowBody } from "./workflow-body.ts";
import type { WorkflowDefinition } from "../../catalog/workflow.ts";

/** Converts a body to a definition: settings nested, names and refs filled in, every field present. */
export function parseWorkflowBody(
  body: WorkflowBody,
  nodes: ReadonlyMap<string, NodeDefinition>,
): WorkflowDefinition {
  return {
    name: body.name ?? "",
    description: body.description ?? null,
    category: body.category ?? "",
    tags: body.tags ?? [],
    // The published example of a new workflow omits it.
    trigger_type: body.trigger_type ?? "api",
    trigger_events: body.trigger_events ?? [],
    payload_schema: parsePayloadSchema(body.payload_schema),
    ratelimit: body.ratelimit ?? null,
    // Stored as given: a draft may hold conditions that are not valid yet.
    conditions: (body.conditions ?? []) as unknown as Condition[],
    // Editors express "none" as an empty text.
    override_recipients_type: body.override_recipients_type || null,
    override_recipients_user_expr: body.override_recipients_user_expr ?? null,
    override_recipients_single_object_fields_expr: (body.override_recipients_single_object_fields_expr ??
      null) as JsonObject | null,
    override_actor_user_expr: body.override_actor_user_expr ?? null,
    override_tenant_expr: body.override_tenant_expr ?? null,
    tree: { nodes: normalizeTree(body.tree?.nodes ?? [], nodes) },
  };
}

/** Equal exactly when the writable fields are: reading a workflow and writing it back does not change it. */
export function workflowHash(definition: WorkflowDefinition): string {
  return contentHash(definition);
}

function parsePayloadSchema(given: WorkflowBody["payload_schema"]): WorkflowDefinition["payload_schema"] {
  if (given === null || given === undefined) return null;
  const { schema, version_no } = given;
  return version_no === null || version_no === undefined ? { schema } : { schema, version_no };
}
