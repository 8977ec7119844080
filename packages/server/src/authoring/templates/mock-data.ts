import { z } from "zod";
import { jsonEqual } from "../../core/json/json-equal.ts";
import type { JsonObject } from "../../core/json.ts";
import { storableJson } from "../../core/text/text.ts";
import { lockTemplate, type TemplateChange } from "./template-change.ts";
import type { TemplateSource } from "./template-rows.ts";
import { templateNotFound } from "./template-view.ts";

/**
 * What a template is written, previewed and tested with: one record for each template, apart from its draft and its
 * versions. Source: templates.md 2.6.
 */
const MAX_PAYLOAD_BYTES = 64 * 1024;
const MAX_BATCH = 100;

const payload = z
  .record(z.string(), z.unknown())
  .refine((value) => Buffer.byteLength(storableJson(value)) <= MAX_PAYLOAD_BYTES, {
    error: `must be at most ${MAX_PAYLOAD_BYTES / 1024} KB of JSON`,
  });

const subType = z.enum(["user", "object"]);
const distinctId = z.string().max(255).nullable();
const objectKey = z.object({ object_type: z.string().max(255), id: z.string().max(255) }).nullable();

/** Every field may be absent: it stays as it is. Unknown fields are left out. */
export const mockDataEdit = z.object({
  payload: payload.optional(),
  tenant_id: z.string().max(255).nullable().optional(),
  is_batch: z.boolean().optional(),
  batch_count: z.int().min(1).max(MAX_BATCH).optional(),
  recipient_sub_type: subType.optional(),
  recipient_object: objectKey.optional(),
  recipient_distinct_id: distinctId.optional(),
  actor_sub_type: subType.optional(),
  actor_object: objectKey.optional(),
  actor_distinct_id: distinctId.optional(),
});

export const mockDataReply = z.object({
  payload: z.record(z.string(), z.unknown()),
  tenant_id: z.string().nullable(),
  is_batch: z.boolean(),
  batch_count: z.int(),
  recipient_sub_type: subType,
  recipient_object: objectKey,
  recipient_distinct_id: distinctId,
  actor_sub_type: subType,
  actor_object: objectKey,
  actor_distinct_id: distinctId,
});

export type MockData = z.output<typeof mockDataReply>;
export type MockDataEdit = z.output<typeof mockDataEdit>;

const NO_MOCK_DATA: MockData = {
  payload: {},
  tenant_id: null,
  is_batch: false,
  batch_count: 2,
  recipient_sub_type: "user",
  recipient_object: null,
  recipient_distinct_id: null,
  actor_sub_type: "user",
  actor_object: null,
  actor_distinct_id: null,
};

/** Refuses an unknown template; one without mock data has that of nobody. */
export async function getMockData({ db, workspace_id }: TemplateSource, slug: string): Promise<MockData> {
  const row = await db.kysely
    .selectFrom("template")
    .select("mock_data")
    .where("workspace_id", "=", workspace_id)
    .where("slug", "=", slug)
    .executeTakeFirst();
  if (row === undefined) throw templateNotFound(slug);
  return { ...NO_MOCK_DATA, ...(row.mock_data as Partial<MockData> | null) };
}

/** Changes the given fields. The template does not count as edited: nothing of it is sent. */
export async function editMockData(
  change: Pick<TemplateChange, "db" | "workspace_id">,
  slug: string,
  edit: MockDataEdit,
): Promise<void> {
  await lockTemplate(change, slug);
  const known = await getMockData(change, slug);
  const edited = withMockData(known, edit);
  if (jsonEqual(known as unknown as JsonObject, edited as unknown as JsonObject)) return;
  await change.db.kysely
    .updateTable("template")
    .set({ mock_data: storableJson(edited) })
    .where("workspace_id", "=", change.workspace_id)
    .where("slug", "=", slug)
    .execute();
}

export function withMockData(known: MockData, edit: MockDataEdit): MockData {
  const given = Object.fromEntries(Object.entries(edit).filter(([, value]) => value !== undefined));
  return { ...known, ...given };
}

/** A person as engines look them up; null where none is named. */
export interface MockPerson {
  object_type: string;
  distinct_id: string;
}

/** The mock data as a trigger. */
export function mockTrigger(workspace_id: number, mock: MockData) {
  return {
    workspace_id,
    tenant_id: mock.tenant_id || null,
    payload: mock.payload as JsonObject,
    batch_count: mock.batch_count,
    recipient: personOf(mock.recipient_sub_type, mock.recipient_distinct_id, mock.recipient_object),
    actor: personOf(mock.actor_sub_type, mock.actor_distinct_id, mock.actor_object),
  };
}

function personOf(
  sub_type: "user" | "object",
  distinct_id: string | null,
  object: { object_type: string; id: string } | null,
): MockPerson | null {
  if (sub_type === "object") {
    return object === null ? null : { object_type: object.object_type, distinct_id: object.id };
  }
  return distinct_id === null || distinct_id === "" ? null : { object_type: "", distinct_id };
}
