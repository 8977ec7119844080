import { storableJson } from "../../core/text/text.ts";
import { sql } from "kysely";
import type { JsonObject } from "../../core/json.ts";
import type { Tx } from "../../db/db.ts";
import type { Catalog } from "../../catalog/catalog.ts";
import { contentHash } from "../../catalog/content-hash.ts";
import { liveKey, versionKey } from "../../catalog/payload-schema.ts";
import { payloadSchemaNotFound } from "./payload-schema-view.ts";
import { API_SERVICE } from "../../catalog/versioned.ts";

export interface PayloadSchemaChange {
  db: Tx;
  workspace_id: number;
}

export interface PayloadSchemaEdit {
  name: string;
  description: string | null;
  /** The caller has checked it. */
  json_schema: JsonObject;
}

/** Makes `json_schema` the draft of `slug`, which is created if missing. Writes nothing if nothing changes. */
export async function savePayloadSchemaDraft(
  { db, workspace_id }: PayloadSchemaChange,
  slug: string,
  { name, description, json_schema }: PayloadSchemaEdit,
): Promise<void> {
  await db.query(
    `insert into payload_schema as known (workspace_id, slug, name, description, draft)
     values ($1, $2, $3, $4, $5)
     on conflict (workspace_id, slug) do update
        set name = excluded.name, description = excluded.description, draft = excluded.draft, updated_at = now()
      where (known.name, known.description, known.draft::text)
            is distinct from (excluded.name, excluded.description, excluded.draft::text)`,
    [workspace_id, slug, name, description, storableJson(json_schema)],
  );
}

/**
 * Makes the draft the live version, under the lock of its row, which serialises concurrent commits. False if it is
 * already live: then there is no new version, so that a commit can be repeated.
 */
export async function publishPayloadSchema(
  { db, workspace_id, catalog }: PayloadSchemaChange & { catalog: Catalog },
  slug: string,
  commit_message: string | null,
): Promise<boolean> {
  const row = await db.kysely
    .selectFrom("payload_schema")
    .select(["draft", "live_version_no"])
    .where("workspace_id", "=", workspace_id)
    .where("slug", "=", slug)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw payloadSchemaNotFound(slug);
  const hash = contentHash(row.draft);
  // Versions are numbered without gaps and never go back, so the live one is the last.
  const last = row.live_version_no ?? 0;
  const live = await db.kysely
    .selectFrom("payload_schema_version")
    .select("hash")
    .where("workspace_id", "=", workspace_id)
    .where("slug", "=", slug)
    .where("version_no", "=", last)
    .executeTakeFirst();
  if (live?.hash === hash) return false;
  const version_no = last + 1;
  await db.kysely
    .insertInto("payload_schema_version")
    .values({
      workspace_id,
      slug,
      version_no,
      snapshot: storableJson(row.draft),
      hash,
      commit_message,
      created_by: storableJson(API_SERVICE),
    })
    .execute();
  await db.kysely
    .updateTable("payload_schema")
    .set({ live_version_no: version_no, updated_at: sql`now()` })
    .where("workspace_id", "=", workspace_id)
    .where("slug", "=", slug)
    .execute();
  await catalog.invalidate(db, workspace_id, "schema", liveKey(slug));
  // A link may have asked for the number before it existed.
  await catalog.invalidate(db, workspace_id, "schema", versionKey(slug, version_no));
  return true;
}
