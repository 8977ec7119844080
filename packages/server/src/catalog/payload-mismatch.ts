import type { JsonObject } from "../core/json.ts";
import type { Catalog } from "./catalog.ts";
import type { CompiledWorkflow } from "./workflow.ts";

/**
 * Why a payload starts nothing: every place where it does not fit the schema of the workflow; empty when it fits. A link
 * that leads to no version checks nothing, and so does a workflow that events start: those have schemas of their own.
 */
export async function findPayloadMismatch(
  catalog: Pick<Catalog, "findPayloadSchema">,
  workspace_id: number,
  { definition: { payload_schema, trigger_type } }: CompiledWorkflow,
  data: JsonObject,
): Promise<string[]> {
  if (payload_schema === null || trigger_type !== "api") return [];
  const { schema: slug, version_no = null } = payload_schema;
  const schema = await catalog.findPayloadSchema(workspace_id, { slug, version_no });
  return schema?.validate(data) ?? [];
}
