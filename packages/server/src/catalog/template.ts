import type { Channel } from "../core/channel.ts";
import type { Condition } from "../core/conditions/conditions.ts";
import type { JsonObject } from "../core/json.ts";
import { createLru } from "../core/lru.ts";
import { contentHash } from "./content-hash.ts";

/** Slugs by which workflows may refer to a template. */
export const TEMPLATE_SLUG = /^[A-Za-z0-9_.-]{1,128}$/;

/** A committed template: a snapshot of its variants. */
export interface TemplateSnapshot {
  name: string;
  description: string | null;
  tags: string[];
  enabled_channels: Channel[];
  variants: VariantSnapshot[];
}

export interface VariantSnapshot {
  channel: Channel;
  id: string;
  tenant_id: string | null;
  locale: string;
  conditions: Condition[];
  content: JsonObject;
  needs_vendor_approval: boolean;
  seq_no: number;
  hash: string;
}

export interface LiveTemplate {
  slug: string;
  name: string;
  version_no: number;
  /** Enabled channels that have a live variant, with their variants in order. */
  channels: Map<Channel, VariantSnapshot[]>;
}

export type CompleteContent = (channel: Channel, content: JsonObject) => JsonObject;

/** Characters of content, about. */
const MAX_COMPLETED = 32_000_000;

/**
 * The same, once for each content: completing a mail may take tens of milliseconds, and templates are loaded again
 * whenever one of their cache entries gets old.
 */
export function rememberCompleted(complete: CompleteContent): CompleteContent {
  const known = createLru<JsonObject>(MAX_COMPLETED);
  return (channel, content) => {
    const key = `${channel}/${contentHash(content)}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const completed = complete(channel, content);
    known.set(key, completed, JSON.stringify(completed).length);
    return completed;
  };
}

export function toLiveTemplate(
  slug: string,
  version_no: number,
  snapshot: TemplateSnapshot,
  complete: CompleteContent = (_channel, content) => content,
): LiveTemplate {
  const channels = new Map<Channel, VariantSnapshot[]>();
  for (const channel of snapshot.enabled_channels) {
    const variants = snapshot.variants
      .filter((variant) => variant.channel === channel)
      .map((variant) => withCompleted(variant, complete))
      .sort((left, right) => left.seq_no - right.seq_no);
    if (variants.length > 0) channels.set(channel, variants);
  }
  return { slug, name: snapshot.name, version_no, channels };
}

/** Completed when it is first read: of two hundred variants, one is sent. */
function withCompleted(variant: VariantSnapshot, complete: CompleteContent): VariantSnapshot {
  let completed: JsonObject | undefined;
  return {
    ...variant,
    get content() {
      return (completed ??= complete(variant.channel, variant.content));
    },
  };
}
