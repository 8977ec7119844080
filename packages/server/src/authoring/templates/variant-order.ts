import { sql } from "kysely";
import { z } from "zod";
import type { TemplateSnapshot, VariantSnapshot } from "../../catalog/template.ts";
import type { Mode } from "../../catalog/versioned.ts";
import { CHANNELS } from "../../core/channel.ts";
import { AppError } from "../../errors.ts";
import { lockTemplate, type TemplateChange, touchTemplate } from "./template-change.ts";
import { inOrder } from "./template-draft.ts";
import { selectVariants, type TemplateSource } from "./template-rows.ts";
import { getTemplateRow } from "./template-view.ts";

const orderWith = <Tenant extends z.ZodType<string | null>>(tenant_id: Tenant) =>
  z.object({
    channels: z
      .array(
        z.object({
          channel: z.enum(CHANNELS),
          tenants: z
            .array(
              z.object({
                tenant_id,
                /** Ids, the first to be tried first. */
                variants: z.array(z.string()).max(1000),
              }),
            )
            .max(1000),
        }),
      )
      .max(CHANNELS.length),
  });

/** The order in which variants are tried, by channel and tenant. Source: templates.md 2.7. */
export const variantOrder = orderWith(z.string().nullable());

/** The same as clients write it: without `tenant_id` for variants of no tenant. */
export const variantOrderBody = orderWith(z.string().nullable().default(null));

export type VariantOrder = z.output<typeof variantOrder>;

export async function getVariantOrder(
  source: TemplateSource,
  slug: string,
  mode: Mode,
): Promise<VariantOrder> {
  const row = await getTemplateRow(source, slug, mode);
  const variants =
    mode === "draft"
      ? await selectVariants(source, [slug])
      : inOrder((row.snapshot as TemplateSnapshot | null)?.variants ?? []);
  return orderOf(variants);
}

/** `variants` are in order. */
function orderOf(variants: readonly VariantSnapshot[]): VariantOrder {
  const byChannel = Map.groupBy(variants, ({ channel }) => channel);
  return {
    channels: [...byChannel].map(([channel, own]) => ({
      channel,
      tenants: [...Map.groupBy(own, ({ tenant_id }) => tenant_id)]
        .toSorted(([left], [right]) => (left ?? "").localeCompare(right ?? "", "en"))
        .map(([tenant_id, list]) => ({ tenant_id, variants: list.map(({ id }) => id) })),
    })),
  };
}

/** Numbers the variants of every list that is given; those it does not name follow. Refuses one that does not exist. */
export async function setVariantOrder(
  change: TemplateChange,
  slug: string,
  { channels }: VariantOrder,
): Promise<void> {
  await lockTemplate(change, slug);
  const drafts = await selectVariants(change, [slug]);
  const problems: Record<string, string[]> = {};
  const moved = new Map<VariantSnapshot, number>();
  channels.forEach(({ channel, tenants }, at) => {
    tenants.forEach(({ tenant_id, variants: ids }, index) => {
      const siblings = drafts.filter((draft) => draft.channel === channel && draft.tenant_id === tenant_id);
      const unknown = ids.filter((id) => !siblings.some((sibling) => sibling.id === id));
      if (unknown.length > 0) {
        const owner = tenant_id === null ? "without a tenant" : `of tenant '${tenant_id}'`;
        problems[`channels[${at}].tenants[${index}].variants`] = unknown.map(
          (id) => `there is no variant '${id}' ${owner} on ${channel}`,
        );
        return;
      }
      const placeOf = ({ id }: VariantSnapshot) => (ids.includes(id) ? ids.indexOf(id) : ids.length);
      const ordered = siblings.toSorted((left, right) => placeOf(left) - placeOf(right));
      // Gaps between the numbers are no other order.
      const isSame = ordered.every(
        (sibling, place) =>
          sibling === siblings[place] && sibling.seq_no > (siblings[place - 1]?.seq_no ?? 0),
      );
      if (isSame) return;
      ordered.forEach((sibling, place) => {
        if (sibling.seq_no !== place + 1) moved.set(sibling, place + 1);
      });
    });
  });
  if (Object.keys(problems).length > 0) {
    throw new AppError("validation_error", JSON.stringify(problems), { detail: problems });
  }
  for (const [{ channel, id }, seq_no] of moved) {
    await change.db.kysely
      .updateTable("template_variant")
      .set({ seq_no, updated_at: sql`now()` })
      .where("workspace_id", "=", change.workspace_id)
      .where("template_slug", "=", slug)
      .where("channel", "=", channel)
      .where("id", "=", id)
      .execute();
  }
  if (moved.size > 0) await touchTemplate(change, slug);
}
