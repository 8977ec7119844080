import { z } from "zod";
import { microsZ, orNull } from "../../../core/time/wire-time.ts";
import type { Queryable } from "../../../db/db.ts";
import { AppError } from "../../../errors.ts";
import { actorReply } from "../key-fields.ts";

/** API keys as the wire shows them, which never has the key itself. */
export const apiKeyShape = z.object({
  id: z.string(),
  masked_api_key: z.string(),
  is_deleted: z.boolean(),
  name: z.string(),
  description: z.string().nullable(),
  allowed_domains: z.array(z.string()),
  created_at: z.string(),
  created_by: actorReply,
  deleted_at: z.string().nullable(),
  deleted_by: actorReply,
});

export function selectApiKeys(db: Queryable, workspace_id: number) {
  return db.kysely.selectFrom("api_key").where("workspace_id", "=", workspace_id);
}

export const API_KEY_COLUMNS = [
  "id",
  "masked",
  "name",
  "description",
  "created_at",
  "created_by",
  "deleted_at",
  "deleted_by",
] as const;

interface ApiKeyRow {
  id: string;
  masked: string;
  name: string;
  description: string | null;
  created_at: Date;
  created_by: unknown;
  deleted_at: Date | null;
  deleted_by: unknown;
}

export function presentApiKey(row: ApiKeyRow): z.input<typeof apiKeyShape> {
  return {
    id: row.id,
    masked_api_key: row.masked,
    is_deleted: row.deleted_at !== null,
    name: row.name,
    description: row.description,
    allowed_domains: [],
    created_at: microsZ(row.created_at),
    created_by: row.created_by as z.input<typeof actorReply>,
    deleted_at: orNull(microsZ, row.deleted_at),
    deleted_by: row.deleted_by as z.input<typeof actorReply>,
  };
}

export function apiKeyNotFound(id: string): AppError {
  return new AppError("not_found", `API key '${id}' not found`);
}
