import { lockTemplate } from "../../../../authoring/templates/template-change.ts";
import { getVariantView } from "../../../../authoring/templates/variant-view.ts";
import type { Channel } from "../../../../core/channel.ts";
import { guardVersion, seenHash } from "../../../guard-version.ts";
import type { templateSource } from "../template-source.ts";

interface Editing {
  headers: Parameters<typeof seenHash>[0];
  params: { slug: string; channel: Channel; id: string };
}

/** Refuses to write over a variant that somebody else has changed. Locks the template. */
export async function guardVariant(
  { headers, params: { slug, channel, id } }: Editing,
  source: ReturnType<typeof templateSource>,
): Promise<void> {
  const seen = seenHash(headers);
  if (seen === null) return;
  await lockTemplate(source, slug);
  guardVersion(seen, (await getVariantView(source, slug, { channel, id }, "draft")).hash);
}
