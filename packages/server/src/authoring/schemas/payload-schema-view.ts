import { z } from "zod";
import type { JsonObject } from "../../core/json.ts";
import { microsZ, orNull } from "../../core/time/wire-time.ts";
import type { Queryable } from "../../db/db.ts";
import { AppError } from "../../errors.ts";
import { contentHash } from "../../catalog/content-hash.ts";
import { type Mode, notCommitted, timestampReply } from "../../catalog/versioned.ts";

/** Payload schemas as reads show them: the draft or the live version. */
export const payloadSchemaReply = z.object({
  slug: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  status: z.enum(["draft", "live"]),
  /** The hash of `json_schema`, independent of key order. */
  hash: z.string(),
  json_schema: z.record(z.string(), z.unknown()),
  /** The live version, which links may name; null before the first commit. */
  version_no: z.int().nullable(),
  created_at: timestampReply,
  updated_at: timestampReply,
  /** From the live version, like the message; null in a draft. */
  committed_at: timestampReply.nullable(),
  commit_message: z.string().nullable(),
});

export type PayloadSchemaView = z.input<typeof payloadSchemaReply>;

export interface PayloadSchemaSource {
  db: Queryable;
  workspace_id: number;
}

/** Every schema of the workspace, with its live version if it has one. */
export function selectPayloadSchemas({ db, workspace_id }: PayloadSchemaSource) {
  return db.kysely
    .selectFrom("payload_schema as s")
    .leftJoin("payload_schema_version as v", (join) =>
      join
        .onRef("v.workspace_id", "=", "s.workspace_id")
        .onRef("v.slug", "=", "s.slug")
        .onRef("v.version_no", "=", "s.live_version_no"),
    )
    .where("s.workspace_id", "=", workspace_id)
    .selectAll("s")
    .select(["v.snapshot as live", "v.commit_message", "v.created_at as committed_at"]);
}

type PayloadSchemaRow = Awaited<ReturnType<ReturnType<typeof selectPayloadSchemas>["execute"]>>[number];

/** Refuses an unknown slug, and in mode `live` also one that was never committed. */
export async function getPayloadSchemaView(
  source: PayloadSchemaSource,
  slug: string,
  mode: Mode,
): Promise<PayloadSchemaView> {
  const row = await selectPayloadSchemas(source).where("s.slug", "=", slug).executeTakeFirst();
  if (row === undefined) throw payloadSchemaNotFound(slug);
  if (mode === "live" && row.live === null) throw notCommitted("schema", slug);
  return presentPayloadSchema(row, mode);
}

/** In mode `live` only for rows that have a live version. */
export function presentPayloadSchema(row: PayloadSchemaRow, mode: Mode): PayloadSchemaView {
  const isLive = mode === "live";
  const json_schema = (isLive ? row.live : row.draft) as JsonObject;
  return {
    slug: row.slug,
    name: row.name,
    description: row.description,
    status: mode,
    hash: contentHash(json_schema),
    json_schema,
    version_no: row.live_version_no,
    created_at: microsZ(row.created_at),
    updated_at: microsZ(row.updated_at),
    committed_at: isLive ? orNull(microsZ, row.committed_at) : null,
    commit_message: isLive ? row.commit_message : null,
  };
}

export function payloadSchemaNotFound(slug: string): AppError {
  return new AppError("not_found", `schema (slug: '${slug}') not found`);
}
