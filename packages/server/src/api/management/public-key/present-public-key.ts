import { z } from "zod";
import { microsZ, orNull } from "../../../core/time/wire-time.ts";
import type { Queryable } from "../../../db/db.ts";
import { AppError } from "../../../errors.ts";
import type { RouteContext } from "../../../http/route.ts";
import { changePublicKey, type PublicKeyChange } from "../../../workspaces/keys.ts";
import { editorOf } from "../../editor.ts";
import { actorReply } from "../key-fields.ts";

/** Public keys as the wire shows them: with the key, which is in every copy of an app. */
export const publicKeyShape = z.object({
  id: z.string(),
  api_key: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  allowed_domains: z
    .array(z.string())
    .nullable()
    .describe("Domains of the pages that may use it. Null: any. Apps may always."),
  is_secure_mode_enabled: z.boolean(),
  is_deleted: z.boolean(),
  is_default: z.boolean(),
  created_at: z.string(),
  created_by: actorReply,
  rotated_at: z.string().nullable(),
  rotated_by: actorReply,
  updated_at: z.string(),
  updated_by: actorReply,
});

export type PublicKeyView = z.input<typeof publicKeyShape>;

export const publicKeyParams = z.object({ workspace: z.string(), public_key_id: z.string() });

export function selectPublicKeys(db: Queryable, workspace_id: number) {
  return db.kysely.selectFrom("public_key").where("workspace_id", "=", workspace_id);
}

interface PublicKeyRow {
  id: string;
  api_key: string;
  name: string;
  description: string | null;
  is_secure_mode_enabled: boolean;
  allowed_domains: string[] | null;
  is_default: boolean;
  created_at: Date;
  created_by: unknown;
  rotated_at: Date | null;
  rotated_by: unknown;
  updated_at: Date;
  updated_by: unknown;
  deleted_at: Date | null;
}

export function presentPublicKey(row: PublicKeyRow): PublicKeyView {
  type Actor = z.input<typeof actorReply>;
  return {
    id: row.id,
    api_key: row.api_key,
    name: row.name,
    description: row.description,
    allowed_domains: row.allowed_domains,
    is_secure_mode_enabled: row.is_secure_mode_enabled,
    is_deleted: row.deleted_at !== null,
    is_default: row.is_default,
    created_at: microsZ(row.created_at),
    created_by: row.created_by as Actor,
    rotated_at: orNull(microsZ, row.rotated_at),
    rotated_by: row.rotated_by as Actor,
    updated_at: microsZ(row.updated_at),
    updated_by: row.updated_by as Actor,
  };
}

export async function getPublicKey(db: Queryable, workspace_id: number, id: string): Promise<PublicKeyView> {
  const row = await selectPublicKeys(db, workspace_id).selectAll().where("id", "=", id).executeTakeFirst();
  if (row === undefined) throw publicKeyNotFound(id);
  return presentPublicKey(row);
}

/** Changes a key that is in use; the key after it. */
export async function editPublicKey(
  { auth, db, services }: Pick<RouteContext<unknown, unknown, unknown>, "auth" | "db" | "services">,
  id: string,
  change: PublicKeyChange,
): Promise<PublicKeyView> {
  const { workspace_id } = auth.workspace;
  db.afterCommit(services.workspaces.forget);
  if (!(await changePublicKey(db, workspace_id, id, change, editorOf(auth)))) throw publicKeyNotFound(id);
  return getPublicKey(db, workspace_id, id);
}

const MAX_DOMAINS = 100;
const DOMAIN =
  "must be a domain such as app.example.com, *.example.com for all below one, or localhost:3000 for one port";

/** As people write them: in any case, or copied from the address bar. */
const domain = z.string(DOMAIN).transform((text, context) => {
  const [, wildcard = "", rest = ""] = /^(?:https?:\/\/)?(\*\.)?([^\s/?#@]+)\/?$/i.exec(text.trim()) ?? [];
  const url = `http://${rest}`;
  const isDomain = rest !== "" && !rest.includes("*") && URL.canParse(url);
  if (isDomain && (wildcard === "" || new URL(url).port === ""))
    return wildcard + new URL(url).host.replace(/:(?:80|443)$/, "");
  context.addIssue({ code: "custom", message: DOMAIN });
  return z.NEVER;
});

/** An empty list means none, not any. */
export const domainsBody = z
  .array(domain, "must be an array of domains, or null for any")
  .max(MAX_DOMAINS, `must contain at maximum ${MAX_DOMAINS} items`)
  .nullable();

function publicKeyNotFound(id: string): AppError {
  return new AppError("not_found", `public key '${id}' not found`);
}
