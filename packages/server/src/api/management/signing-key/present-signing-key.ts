import { z } from "zod";
import { microsZ, orNull } from "../../../core/time/wire-time.ts";
import type { Queryable } from "../../../db/db.ts";
import { AppError } from "../../../errors.ts";
import type { NewSigningKey } from "../../../workspaces/keys.ts";
import { actorReply } from "../key-fields.ts";

/** Signing keys as the wire shows them; the private half only when it is made, since it is not stored. */
export const signingKeyShape = z.object({
  id: z.string(),
  uid: z.string(),
  status: z.string(),
  allowed_domains: z.array(z.string()).nullable(),
  expiry_at: z
    .string()
    .nullable()
    .describe("Until when what a rolled key has signed is valid; null: no longer."),
  created_at: z.string(),
  created_by: actorReply,
  rolled_at: z.string().nullable(),
  rolled_by: actorReply,
  deleted_at: z.string().nullable(),
  deleted_by: actorReply,
});

export const newSigningKeyShape = signingKeyShape.extend({
  private_key_pem: z.string(),
  private_key_base64: z.string(),
});

export const signingKeyParams = z.object({ workspace: z.string(), signing_key_uid: z.string() });

export function selectSigningKeys(db: Queryable, workspace_id: number) {
  return db.kysely.selectFrom("signing_key").where("workspace_id", "=", workspace_id);
}

interface SigningKeyRow {
  id: string;
  uid: string;
  status: string;
  expiry_at: Date | null;
  created_at: Date;
  created_by: unknown;
  rolled_at: Date | null;
  rolled_by: unknown;
  deleted_at: Date | null;
  deleted_by: unknown;
}

export function presentSigningKey(row: SigningKeyRow): z.input<typeof signingKeyShape> {
  type Actor = z.input<typeof actorReply>;
  return {
    id: row.id,
    uid: row.uid,
    status: row.status,
    allowed_domains: null,
    expiry_at: orNull(microsZ, row.expiry_at),
    created_at: microsZ(row.created_at),
    created_by: row.created_by as Actor,
    rolled_at: orNull(microsZ, row.rolled_at),
    rolled_by: row.rolled_by as Actor,
    deleted_at: orNull(microsZ, row.deleted_at),
    deleted_by: row.deleted_by as Actor,
  };
}

/** With the private half, this once. Null: there is an active key already. */
export async function presentNew(
  db: Queryable,
  workspace_id: number,
  made: NewSigningKey | null,
): Promise<z.input<typeof newSigningKeyShape>> {
  if (made === null) throw wrongState("only 1 active signing key is allowed");
  const { id, private_key_pem } = made;
  const row = await selectSigningKeys(db, workspace_id)
    .selectAll()
    .where("id", "=", id)
    .executeTakeFirstOrThrow();
  const private_key_base64 = Buffer.from(private_key_pem).toString("base64");
  return { ...presentSigningKey(row), private_key_pem, private_key_base64 };
}

/** The wire has a list of reasons here. */
export function wrongState(reason: string): AppError {
  return new AppError("validation_error", JSON.stringify([reason]), { detail: [reason] });
}

export function signingKeyNotFound(uid: string): AppError {
  return new AppError("not_found", `signing key '${uid}' not found`);
}
