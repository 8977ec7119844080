import type { WorkflowDefinition } from "../src/catalog/workflow.ts";
import type { JsonObject } from "../src/core/json.ts";
import type { Services } from "../src/services.ts";

/*
 * Templates and workflows written directly to the tables, as publishing stores them: for tests whose subject is what
 * happens after it, and that need nodes or content which its checks refuse.
 */
type Authoring = Pick<Services, "db" | "ids" | "catalog">;

/** A workflow triggered by the API, or by events if there are any, with nothing else set. */
export function workflowOf(
  workflow: Pick<WorkflowDefinition, "name" | "tree"> & Partial<WorkflowDefinition>,
): WorkflowDefinition {
  const { trigger_events = [] } = workflow;
  return {
    description: null,
    category: "transactional",
    tags: [],
    trigger_type: trigger_events.length > 0 ? "event" : "api",
    trigger_events,
    payload_schema: null,
    ratelimit: null,
    conditions: [],
    override_recipients_type: null,
    override_recipients_user_expr: null,
    override_recipients_single_object_fields_expr: null,
    override_actor_user_expr: null,
    override_tenant_expr: null,
    ...workflow,
  };
}

/** Commits a version, the next one if there are some; returns its id. */
export async function insertWorkflow(
  { db, ids, catalog }: Authoring,
  workspace_id: number,
  slug: string,
  definition: WorkflowDefinition,
  { is_enabled = true, is_live = true }: { is_enabled?: boolean; is_live?: boolean } = {},
): Promise<string> {
  const version_id = ids.ulid();
  const text = JSON.stringify(definition);
  await db.tx(async (tx) => {
    await tx.query(
      `insert into workflow (workspace_id, slug, draft, trigger_type, is_enabled, live_version_id)
       values ($1, $2, $3, $4, $5, $6)
       on conflict (workspace_id, slug) do update
          set draft = excluded.draft, is_enabled = excluded.is_enabled, live_version_id = excluded.live_version_id`,
      [workspace_id, slug, text, definition.trigger_type, is_enabled, is_live ? version_id : null],
    );
    await tx.query(
      `insert into workflow_version (workspace_id, id, slug, version_no, definition, hash)
       select $1, $2, $3, count(*) + 1, $4, '' from workflow_version where workspace_id = $1 and slug = $3`,
      [workspace_id, version_id, slug, text],
    );
    for (const event of definition.trigger_events) {
      const name = event.toLowerCase();
      await tx.query(
        "insert into workflow_event values ($1, $2, 'Trigger Event', $3) on conflict do nothing",
        [workspace_id, name, slug],
      );
      await catalog.invalidate(tx, workspace_id, "event", name);
    }
    await catalog.invalidate(tx, workspace_id, "workflow", slug);
  });
  return version_id;
}

/** A live template, with a default variant for each enabled channel whose content is given. */
export async function insertTemplate(
  { db }: Pick<Services, "db">,
  workspace_id: number,
  slug: string,
  enabled_channels: readonly string[],
  contents: Record<string, JsonObject> = {},
): Promise<void> {
  const variants = enabled_channels.map((channel) => ({
    channel,
    id: "default",
    tenant_id: null,
    locale: "en",
    conditions: [],
    content: contents[channel] ?? {},
    needs_vendor_approval: false,
    seq_no: 1,
    hash: "",
  }));
  const snapshot = { name: slug, description: null, tags: [], enabled_channels, variants };
  await db.query(
    `with made as (insert into template (workspace_id, slug, name, enabled_channels, live_version_no)
                   values ($1, $2, $2, $3, 1) returning workspace_id, slug)
     insert into template_version (workspace_id, template_slug, version_no, snapshot, hash)
     select workspace_id, slug, 1, $4, '' from made`,
    [workspace_id, slug, enabled_channels, JSON.stringify(snapshot)],
  );
}
