import { storableJson } from "../../core/text/text.ts";
import { sql } from "kysely";
import { AppError } from "../../errors.ts";
import type { Catalog } from "../../catalog/catalog.ts";
import { lockTemplate, type TemplateChange } from "./template-change.ts";
import {
  type CommitPlan,
  describeRefusal,
  planCommit,
  templateHash,
  type TemplateRules,
  variantErrors,
  type VariantKey,
} from "./template-draft.ts";
import { selectVariants } from "./template-rows.ts";
import { submitForApproval } from "./approval-change.ts";
import { nextVersionNo } from "./variant-view.ts";
import { headOf } from "./template-view.ts";
import type { TemplateSnapshot } from "../../catalog/template.ts";

/**
 * Makes the draft of a template live, or only the selected variants. Refuses if one of them has errors, and then
 * changes nothing. A draft equal to the live version creates no new one, so that a commit can be repeated.
 */
export async function publishTemplate(
  change: TemplateChange & TemplateRules & { catalog: Catalog },
  slug: string,
  selection: readonly VariantKey[] | null,
  commit_message: string | null,
): Promise<void> {
  const { db, workspace_id, catalog } = change;
  const row = await lockTemplate(change, slug);
  const versions = db.kysely
    .selectFrom("template_version")
    .where("workspace_id", "=", workspace_id)
    .where("template_slug", "=", slug);
  const live = await versions
    .select(["snapshot", "hash", "version_no"])
    .where("version_no", "=", row.live_version_no)
    .executeTakeFirst();
  const draft = await selectVariants(change, [slug]);
  const before = (live?.snapshot ?? null) as TemplateSnapshot | null;
  const plan = planCommit(headOf(row), draft, before, selection);
  refuseUnsound(plan, change);

  const { snapshot } = plan;
  const hash = templateHash(snapshot, snapshot.variants);
  const isNew = live?.hash !== hash;
  const version_no = isNew ? await nextVersionNo(change, slug) : (live?.version_no ?? 1);
  const lastLive = live === undefined ? null : { ...live, snapshot: live.snapshot as TemplateSnapshot };
  await submitForApproval(change, slug, plan, lastLive, version_no);
  await catalog.invalidate(db, workspace_id, "template", slug);
  if (!isNew) return;
  await db.kysely
    .insertInto("template_version")
    .values({
      workspace_id,
      template_slug: slug,
      version_no,
      snapshot: storableJson(snapshot),
      hash,
      commit_message,
      created_by: storableJson(change.editor),
    })
    .execute();
  await db.kysely
    .updateTable("template")
    .set({
      live_version_no: version_no,
      active_at: sql`now()`,
      updated_at: sql`now()`,
      updated_by: storableJson(change.editor),
    })
    .where("workspace_id", "=", workspace_id)
    .where("slug", "=", slug)
    .execute();
}

/** Refuses a selection of variants that are neither in the draft nor live. */
export function refuseUnknown({ unknown }: Pick<CommitPlan, "unknown">): void {
  if (unknown.length === 0) return;
  refuse(unknown.map(({ channel, id }) => `variant (channel: '${channel}', id: '${id}') not found`));
}

function refuseUnsound(plan: CommitPlan, rules: TemplateRules): void {
  const { snapshot, committed } = plan;
  refuseUnknown(plan);
  const refused = committed
    .map((variant) => ({
      channel: variant.channel,
      id: variant.id,
      errors: variantErrors(rules, variant),
    }))
    .filter(({ errors }) => Object.keys(errors).length > 0);
  if (refused.length > 0) refuse([describeRefusal(refused)]);
  if (snapshot.variants.length === 0) refuse(["the template has no variants to commit: enable a channel"]);
}

function refuse(detail: string[]): never {
  throw new AppError("commit_refused", JSON.stringify(detail), { detail });
}
