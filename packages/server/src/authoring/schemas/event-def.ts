import { sql } from "kysely";
import { z } from "zod";
import { microsZ } from "../../core/time/wire-time.ts";
import type { Queryable, Tx } from "../../db/db.ts";
import { AppError } from "../../errors.ts";
import type { Catalog } from "../../catalog/catalog.ts";
import type { PayloadSchemaRef } from "../../catalog/payload-schema.ts";
import { timestampReply } from "../../catalog/versioned.ts";
import type { EventUsage } from "../workflows/workflow-events.ts";

/** Known events, with the schema for their properties. Names match case-insensitively. */
export const eventReply = z.object({
  name: z.string(),
  description: z.string().nullable(),
  /** Without a number the live version is used. */
  payload_schema: z.object({ schema: z.string(), version_no: z.int().nullable() }).nullable(),
  created_at: timestampReply,
  $schema: z.string().meta({ examples: ["https://schema.suprsend.com/event/v1/schema.json"] }),
});

export type EventView = z.input<typeof eventReply>;

export interface EventSource {
  db: Queryable;
  workspace: { workspace_id: number; slug: string };
}

export function selectEvents({ db, workspace }: EventSource) {
  return db.kysely.selectFrom("event_def").where("workspace_id", "=", workspace.workspace_id).selectAll();
}

type EventRow = Awaited<ReturnType<ReturnType<typeof selectEvents>["execute"]>>[number];

export async function getEventView(source: EventSource, name: string): Promise<EventView> {
  const row = await selectEvents(source).where("event_name", "=", eventKey(name)).executeTakeFirst();
  if (row === undefined) throw eventNotFound(source, name);
  return presentEvent(row);
}

export function presentEvent(row: EventRow): EventView {
  const { schema_slug: schema, schema_version_no: version_no } = row;
  return {
    name: row.name,
    description: row.description,
    payload_schema: schema === null ? null : { schema, version_no },
    created_at: microsZ(row.created_at),
    $schema: "https://schema.suprsend.com/event/v1/schema.json",
  };
}

export interface LinkedWorkflow {
  slug: string;
  usage: EventUsage[];
}

const USAGES: readonly EventUsage[] = ["Trigger Event", "Wait Event", "Success Metric Event"];

/** The live workflows that react to an event. Refuses one that is neither known nor used. */
export async function findLinkedWorkflows(source: EventSource, name: string): Promise<LinkedWorkflow[]> {
  const rows = await source.db.kysely
    .selectFrom("workflow_event")
    .select(["slug", "usage"])
    .where("workspace_id", "=", source.workspace.workspace_id)
    .where("event_name", "=", eventKey(name))
    .orderBy("slug")
    .execute();
  if (rows.length === 0) await getEventView(source, name);
  return [...Map.groupBy(rows, ({ slug }) => slug)].map(([slug, uses]) => ({
    slug,
    usage: USAGES.filter((usage) => uses.some((use) => use.usage === usage)),
  }));
}

export interface EventChange extends EventSource {
  db: Tx;
  catalog: Catalog;
}

export interface EventEdit {
  /** Undefined: unchanged. */
  description: string | null | undefined;
  /** Undefined: unchanged. Its schema must be committed. */
  link: PayloadSchemaRef | undefined;
}

/** Creates an event or changes it. The name keeps its first spelling. */
export async function saveEvent(change: EventChange, name: string, edit: EventEdit): Promise<void> {
  await change.db.kysely
    .insertInto("event_def")
    .values({ workspace_id: change.workspace.workspace_id, event_name: eventKey(name), name })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  await editEvent(change, name, edit);
}

/** Refuses an unknown event, and a schema that has no such version. */
export async function editEvent(change: EventChange, name: string, edit: EventEdit): Promise<void> {
  const { description, link } = edit;
  if (link !== undefined) await requireCommitted(change, link);
  const changed = await updateEvent(change, name, {
    ...(description !== undefined && { description }),
    ...(link !== undefined && { schema_slug: link.slug, schema_version_no: link.version_no }),
  });
  if (!changed) throw eventNotFound(change, name);
}

/** Refuses an unknown event, and one that has no schema. */
export async function delinkEventSchema(change: EventChange, name: string): Promise<void> {
  const { payload_schema } = await getEventView(change, name);
  if (payload_schema === null) {
    const message = "Event does not have a linked schema to delink";
    throw new AppError("validation_error", message, { detail: { payload_schema: [message] } });
  }
  await updateEvent(change, name, { schema_slug: null, schema_version_no: null });
}

async function updateEvent(
  { db, workspace, catalog }: EventChange,
  name: string,
  fields: { description?: string | null; schema_slug?: string | null; schema_version_no?: number | null },
): Promise<boolean> {
  const { workspace_id } = workspace;
  const event_name = eventKey(name);
  const changed = await db.kysely
    .updateTable("event_def")
    // Sets the name to itself, because there may be no other field to set and an unknown event must still be reported.
    .set({ name: sql`name`, ...fields })
    .where("workspace_id", "=", workspace_id)
    .where("event_name", "=", event_name)
    .returning("event_name")
    .execute();
  await catalog.invalidate(db, workspace_id, "event_schema", event_name);
  return changed.length > 0;
}

async function requireCommitted(
  { db, workspace }: EventChange,
  { slug, version_no }: PayloadSchemaRef,
): Promise<void> {
  const [row] = await db.query<{ live_version_no: number | null; has_version: boolean }>(
    `select live_version_no, exists (
        select 1 from payload_schema_version v
         where v.workspace_id = s.workspace_id and v.slug = s.slug and v.version_no = $3::bigint) as has_version
       from payload_schema s where workspace_id = $1 and slug = $2`,
    [workspace.workspace_id, slug, version_no],
  );
  if (row === undefined) throw refuseLink(`schema '${slug}' not found`);
  if (row.live_version_no === null)
    throw refuseLink(`schema '${slug}' has no committed version: commit it first`);
  if (version_no !== null && !row.has_version) {
    throw refuseLink(`schema '${slug}' has no version ${version_no}`);
  }
}

function refuseLink(reason: string): AppError {
  const detail = { payload_schema: [reason] };
  return new AppError("validation_error", JSON.stringify(detail), { detail });
}

function eventNotFound({ workspace }: EventSource, name: string): AppError {
  return new AppError("not_found", `Event '${name}' not found in workspace '${workspace.slug}'`);
}

function eventKey(name: string): string {
  return name.toLowerCase();
}
