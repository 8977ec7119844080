import type { Channel } from "../core/channel.ts";
import type { JsonObject } from "../core/json.ts";
import { createLru } from "../core/lru.ts";
import { shelve, type VariantShelf } from "../core/variants.ts";
import type { VendorApproval } from "../core/approval.ts";
import { type Approval, findApproval, sendableForm } from "./approvals.ts";
import { contentHash } from "./content-hash.ts";
import type { TemplateSnapshot, VariantSnapshot } from "./template.ts";

/** A variant as it is sent: what waits for a vendor's approval is replaced by what was approved before it. */
export interface LiveVariant extends VariantSnapshot {
  is_sendable: boolean;
  /** Those of its content: a vendor sends what it has approved itself. */
  vendor_approvals: VendorApproval[];
}

export interface LiveTemplate {
  slug: string;
  name: string;
  version_no: number;
  /** Enabled channels that have something to send, with their variants in order. */
  channels: Map<Channel, VariantShelf<LiveVariant>>;
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
  approvals: readonly Approval[],
  complete: CompleteContent = (_channel, content) => content,
): LiveTemplate {
  const channels = new Map<Channel, VariantShelf<LiveVariant>>();
  for (const channel of snapshot.enabled_channels) {
    const variants = snapshot.variants
      .filter((variant) => variant.channel === channel)
      .map((variant): LiveVariant => {
        const sent = sendableForm(variant, version_no, approvals);
        const form = sent ?? variant;
        const vendor_approvals = findApproval(approvals, form)?.vendor_approvals ?? [];
        return withCompleted({ ...form, is_sendable: sent !== null, vendor_approvals }, complete);
      })
      .sort((left, right) => left.seq_no - right.seq_no);
    if (variants.some(({ is_sendable }) => is_sendable)) channels.set(channel, shelve(variants));
  }
  return { slug, name: snapshot.name, version_no, channels };
}

/** Completed when it is first read: of two hundred variants, one is sent. */
function withCompleted(variant: LiveVariant, complete: CompleteContent): LiveVariant {
  let completed: JsonObject | undefined;
  return {
    ...variant,
    get content() {
      return (completed ??= complete(variant.channel, variant.content));
    },
  };
}
