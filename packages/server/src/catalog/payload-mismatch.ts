import type { JsonObject } from "../core/json.ts";
import type { Catalog } from "./catalog.ts";
import type { CompiledWorkflow } from "./workflow.ts";

/**
 * Every place where a payload does not fit the schema of the workflow, so that it starts nothing; empty when it fits. A
 * link to a version that does not exist checks nothing, nor does a workflow triggered by events: those have schemas of
 * their own.
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
