import type { Channel } from "../../core/channel.ts";
import type { Queryable } from "../../db/db.ts";
import type { NodeDefinition } from "../../engine/node.ts";
import { loadLiveCategories } from "../../catalog/live-categories.ts";
import type { StoredNode, WorkflowDefinition } from "../../catalog/workflow.ts";

/**
 * The current state that a workflow is checked against. It does not include workflows that it triggers: those that
 * trigger each other could never be committed, and a run that finds no such workflow logs it and continues.
 */
export interface WorkflowFacts {
  /** True for the slug of a published category, and for a root. */
  isCategory: (slug: string) => boolean;
  /** Why a template cannot be sent on any of the given channels (null: any channel); null when it can. */
  refuseTemplate: (slug: string, channels: readonly Channel[] | null) => string | null;
  /** Why payloads cannot be checked against a schema; null when they can. */
  refuseSchema: (link: SchemaLink) => string | null;
}

export type SchemaLink = NonNullable<WorkflowDefinition["payload_schema"]>;

export interface FactsSource {
  db: Queryable;
  workspace_id: number;
}

type Nodes = ReadonlyMap<string, NodeDefinition>;

/** Loaded at once for all of `definitions`; the facts cover only what these name by the rules of their `nodes`. */
export async function loadWorkflowFacts(
  source: FactsSource,
  definitions: readonly WorkflowDefinition[],
  nodes: Nodes,
): Promise<WorkflowFacts> {
  const trees = definitions.map(({ tree }) => tree.nodes);
  const links = definitions.flatMap(({ payload_schema }) => payload_schema ?? []);
  // Sequentially: a transaction is one connection.
  const categories = await loadLiveCategories(source.db, source.workspace_id);
  const templates = await findTemplates(source, templatesIn(trees, nodes));
  const schemas = await findSchemas(source, links);
  return {
    isCategory: (slug) => categories.has(slug),
    refuseTemplate(slug, channels) {
      const template = templates.get(slug);
      if (template === undefined) return `template '${slug}' not found`;
      const { is_committed, live } = template;
      if (!is_committed) return `template '${slug}' has no committed version: commit it first`;
      if (live.length === 0) {
        return `template '${slug}' has no live channel: enable one that has a variant, and commit it`;
      }
      if (channels === null || channels.some((channel) => live.includes(channel))) return null;
      return `template '${slug}' has no live variant for ${channels.join(" or ")}, only for ${live.join(", ")}: commit one first`;
    },
    refuseSchema({ schema: slug, version_no }) {
      const schema = schemas.get(slug);
      if (schema === undefined) return `schema '${slug}' not found`;
      if (schema.live_version_no === null)
        return `schema '${slug}' has no committed version: commit it first`;
      if (version_no === undefined || schema.versions.includes(version_no)) return null;
      return `schema '${slug}' has no version ${version_no}`;
    },
  };
}

/** The templates that nodes say they use. Settings that do not parse are refused before anybody asks for theirs. */
function templatesIn(trees: readonly (readonly StoredNode[])[], nodes: Nodes): string[] {
  const names = new Set<string>();
  function visit({ node_type, properties, branches }: StoredNode): void {
    const { config, uses } = nodes.get(node_type) ?? {};
    const parsed = uses === undefined ? undefined : config?.safeParse(properties);
    const template = parsed?.success === true ? uses?.(parsed.data).template : undefined;
    if (template !== undefined) names.add(template);
    for (const branch of branches ?? []) branch.nodes.forEach(visit);
  }
  for (const tree of trees) tree.forEach(visit);
  return [...names];
}

interface TemplateFacts {
  slug: string;
  is_committed: boolean;
  /** The enabled channels for which its live version has content. */
  live: Channel[];
}

async function findTemplates(
  { db, workspace_id }: FactsSource,
  slugs: readonly string[],
): Promise<ReadonlyMap<string, TemplateFacts>> {
  if (slugs.length === 0) return new Map();
  const rows = await db.query<TemplateFacts>(
    `select t.slug, v.snapshot is not null as is_committed, array(
        select enabled from json_array_elements_text(v.snapshot->'enabled_channels') enabled
         where exists (select 1 from json_array_elements(v.snapshot->'variants') variant
                        where variant->>'channel' = enabled)) as live
       from template t
       left join template_version v on v.workspace_id = t.workspace_id and v.template_slug = t.slug
        and v.version_no = t.live_version_no
      where t.workspace_id = $1 and t.slug = any($2) and t.archived_at is null`,
    [workspace_id, slugs],
  );
  return new Map(rows.map((row) => [row.slug, row]));
}

interface SchemaFacts {
  slug: string;
  live_version_no: number | null;
  /** The existing versions among the requested ones. */
  versions: number[];
}

async function findSchemas(
  { db, workspace_id }: FactsSource,
  links: readonly SchemaLink[],
): Promise<ReadonlyMap<string, SchemaFacts>> {
  if (links.length === 0) return new Map();
  const rows = await db.query<SchemaFacts>(
    `select slug, live_version_no, array(
        select version_no from payload_schema_version v
         where v.workspace_id = s.workspace_id and v.slug = s.slug and v.version_no = any($3::bigint[])) as versions
       from payload_schema s where workspace_id = $1 and slug = any($2)`,
    [workspace_id, links.map(({ schema }) => schema), links.flatMap(({ version_no }) => version_no ?? [])],
  );
  return new Map(rows.map((row) => [row.slug, row]));
}
