import { storableJson } from "../../core/text/text.ts";
import { sql } from "kysely";
import type { Condition } from "../../core/conditions/conditions.ts";
import { type GivenApproval, needsApproval } from "../../core/approval.ts";
import { mergeJson } from "../../core/json/merge-json.ts";
import type { JsonObject } from "../../core/json.ts";
import { AppError } from "../../errors.ts";
import { saveGivenApprovals } from "./approval-change.ts";
import { schemaIssues } from "../schema-problems.ts";
import { lockTemplate, type TemplateChange, touchTemplate } from "./template-change.ts";
import { variantHash, type VariantKey } from "./template-draft.ts";
import { type DraftVariant, selectVariants } from "./template-rows.ts";
import { variantNotFound } from "./variant-view.ts";

export interface VariantEdit {
  locale: string;
  /** Replaces the old content; the channel's schema fills in missing fields. */
  content: JsonObject;
  // Undefined: unchanged, or the default of a new variant.
  tenant_id: string | null | undefined;
  conditions: Condition[] | undefined;
  needs_vendor_approval: boolean | undefined;
  seq_no: number | undefined;
  vendor_approvals: readonly GivenApproval[] | undefined;
}

/** Creates or changes a draft variant. An edit that changes nothing writes nothing. */
export async function saveVariant(
  change: TemplateChange,
  slug: string,
  key: VariantKey,
  edit: VariantEdit,
): Promise<void> {
  await lockTemplate(change, slug);
  const drafts = await selectVariants(change, [slug]);
  const known = drafts.find(({ channel, id }) => channel === key.channel && id === key.id);
  const fields = {
    ...key,
    tenant_id: edit.tenant_id === undefined ? (known?.tenant_id ?? null) : edit.tenant_id,
    locale: edit.locale,
    conditions: edit.conditions ?? known?.conditions ?? [],
    content: parseContent(change, key, edit.content),
    needs_vendor_approval: needsApproval(
      key.channel,
      edit.needs_vendor_approval ?? known?.needs_vendor_approval ?? false,
    ),
  };
  refuseMove(fields, known);
  const seq_no = edit.seq_no ?? known?.seq_no ?? nextSeqNo(drafts, fields);
  if (edit.vendor_approvals !== undefined && fields.needs_vendor_approval) {
    await saveGivenApprovals(change, slug, fields, edit.vendor_approvals);
  }
  if (known?.hash === variantHash(fields) && known.seq_no === seq_no) return;

  const { channel, id, conditions, content, ...plain } = fields;
  const columns = {
    ...plain,
    conditions: storableJson(conditions),
    content: storableJson(content),
    seq_no,
  };
  await change.db.kysely
    .insertInto("template_variant")
    .values({ workspace_id: change.workspace_id, template_slug: slug, channel, id, ...columns })
    .onConflict((conflict) =>
      conflict
        .columns(["workspace_id", "template_slug", "channel", "id"])
        .doUpdateSet({ ...columns, updated_at: sql`now()` }),
    )
    .execute();
  await touchTemplate(change, slug);
}

/**
 * Merges a part of the content into the draft, as an editor that saves while somebody types: objects are merged at every
 * depth, everything else is replaced.
 */
export async function mergeContent(
  change: TemplateChange,
  slug: string,
  key: VariantKey,
  content: JsonObject,
): Promise<void> {
  await lockTemplate(change, slug);
  const drafts = await selectVariants(change, [slug]);
  const known = drafts.find(({ channel, id }) => channel === key.channel && id === key.id);
  if (known === undefined) throw variantNotFound(key);
  const merged = parseContent(change, key, mergeJson(known.content, content));
  if (variantHash({ ...known, content: merged }) === known.hash) return;
  await change.db.kysely
    .updateTable("template_variant")
    .set({ content: storableJson(merged), updated_at: sql`now()` })
    .where("workspace_id", "=", change.workspace_id)
    .where("template_slug", "=", slug)
    .where("channel", "=", key.channel)
    .where("id", "=", key.id)
    .execute();
  await touchTemplate(change, slug);
}

/** Removes the variant from the draft; it stays live until that is committed. */
export async function deleteVariant(change: TemplateChange, slug: string, key: VariantKey): Promise<void> {
  await lockTemplate(change, slug);
  if (key.id === "default") {
    throw new AppError(
      "validation_error",
      "the default variant cannot be deleted; disable the channel instead",
    );
  }
  const deleted = await change.db.kysely
    .deleteFrom("template_variant")
    .where("workspace_id", "=", change.workspace_id)
    .where("template_slug", "=", slug)
    .where("channel", "=", key.channel)
    .where("id", "=", key.id)
    .returning("id")
    .executeTakeFirst();
  if (deleted === undefined) throw variantNotFound(key);
  await touchTemplate(change, slug);
}

/** Fills in what the channel's schema has defaults for. Refuses wrong types, naming the fields. */
export function parseContent(
  { channels }: Pick<TemplateChange, "channels">,
  { channel }: VariantKey,
  content: JsonObject,
): JsonObject {
  const definition = channels.get(channel);
  if (definition === undefined)
    throw new AppError("validation_error", `channel '${channel}' is not available`);
  const parsed = definition.content.safeParse(content, { reportInput: true });
  if (parsed.success) return parsed.data;
  const byPath = Map.groupBy(schemaIssues(parsed.error), ({ path }) => ["content", ...path].join("."));
  const detail = Object.fromEntries(
    [...byPath].map(([path, issues]) => [path, issues.map(({ reason }) => reason)]),
  );
  throw new AppError("validation_error", JSON.stringify(detail), { detail });
}

type Placed = Pick<DraftVariant, "channel" | "id" | "tenant_id" | "conditions">;

/** The default variant is the last fallback for everybody, and an id belongs to one tenant of its channel. */
function refuseMove({ channel, id, tenant_id, conditions }: Placed, known: DraftVariant | undefined): void {
  if (id === "default" && (tenant_id !== null || conditions.length > 0)) {
    throw new AppError("validation_error", "the default variant has neither a tenant nor conditions");
  }
  if (known !== undefined && known.tenant_id !== tenant_id) {
    const owner = known.tenant_id === null ? "without a tenant" : `for the tenant '${known.tenant_id}'`;
    throw new AppError(
      "validation_error",
      `variant (channel: '${channel}', id: '${id}') exists ${owner}; ids are unique in a channel`,
    );
  }
}

/** Places a variant after the others of its channel and tenant. */
function nextSeqNo(drafts: readonly DraftVariant[], { channel, tenant_id }: Placed): number {
  const siblings = drafts.filter((draft) => draft.channel === channel && draft.tenant_id === tenant_id);
  return Math.max(0, ...siblings.map(({ seq_no }) => seq_no)) + 1;
}
