import { z } from "zod";
import { CHANNELS } from "../../core/channel.ts";
import { jsonEqual } from "../../core/json/json-equal.ts";
import type { TemplateSnapshot } from "../../catalog/template.ts";
import { refuseUnknown } from "./publish-template.ts";
import {
  planCommit,
  templateHash,
  type TemplateRules,
  variantErrors,
  type VariantKey,
} from "./template-draft.ts";
import { selectVariants, type TemplateSource } from "./template-rows.ts";
import { getTemplateRow, headOf } from "./template-view.ts";

const difference = z.object({ has_diff: z.boolean(), draft: z.unknown(), live: z.unknown() });

/** What a commit would change. Source: templates.md 2.7, as the command line tool and the editor read it. */
export const commitCheckReply = z.object({
  /** There is no live version yet. */
  is_new: z.boolean(),
  /** The commit would make a new version. */
  has_changes: z.boolean(),
  properties: z.object({
    name: difference,
    description: difference,
    tags: difference,
    enabled_channels: difference,
  }),
  variants: z.array(
    z.object({
      channel: z.enum(CHANNELS),
      id: z.string(),
      has_diff: z.boolean(),
      is_deleted: z.boolean(),
      /** Dotted path into the content to what prevents a commit. */
      errors: z.record(z.string(), z.array(z.string())),
    }),
  ),
});

const PROPERTIES = ["name", "description", "tags", "enabled_channels"] as const;

/** `selection` as for a commit: its variants, or null for all of the enabled channels and those that are gone. */
export async function checkCommit(
  source: TemplateSource & TemplateRules,
  slug: string,
  selection: readonly VariantKey[] | null,
): Promise<z.input<typeof commitCheckReply>> {
  const row = await getTemplateRow(source, slug, "draft");
  const head = headOf(row);
  const draft = await selectVariants(source, [slug]);
  const live = row.snapshot as TemplateSnapshot | null;
  const plan = planCommit(head, draft, live, selection);
  refuseUnknown(plan);
  const isSame = (left: VariantKey) => (right: VariantKey) =>
    left.channel === right.channel && left.id === right.id;
  const before = live?.variants ?? [];
  const gone = before.filter((variant) => !plan.snapshot.variants.some(isSame(variant)));
  return {
    is_new: live === null,
    has_changes: templateHash(plan.snapshot, plan.snapshot.variants) !== row.live_hash,
    properties: Object.fromEntries(
      PROPERTIES.map((name) => {
        const [now, then] = [head[name], live === null ? null : live[name]];
        return [name, { has_diff: live === null || !jsonEqual(now, then), draft: now, live: then }];
      }),
    ) as Record<(typeof PROPERTIES)[number], z.input<typeof difference>>,
    variants: [
      ...plan.committed.map((variant) => {
        const known = before.find(isSame(variant));
        return {
          channel: variant.channel,
          id: variant.id,
          has_diff: known?.hash !== variant.hash || known.seq_no !== variant.seq_no,
          is_deleted: false,
          errors: variantErrors(source, variant),
        };
      }),
      ...gone.map(({ channel, id }) => ({ channel, id, has_diff: true, is_deleted: true, errors: {} })),
    ],
  };
}
