import type { Channel } from "../core/channel.ts";
import type { JsonObject } from "../core/json.ts";
import { shelve, type VariantShelf } from "../core/variants.ts";
import { type Approval, sendableForm } from "./approvals.ts";
import type { TemplateSnapshot, VariantSnapshot } from "./template.ts";

/** A variant as it is sent: what waits for a vendor's approval is replaced by what was approved before it. */
export interface LiveVariant extends VariantSnapshot {
  is_sendable: boolean;
}

export interface LiveTemplate {
  slug: string;
  name: string;
  version_no: number;
  /** Enabled channels that have something to send, with their variants in order. */
  channels: Map<Channel, VariantShelf<LiveVariant>>;
}

export type CompleteContent = (channel: Channel, content: JsonObject) => JsonObject;

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
        const { content } = sent ?? variant;
        return { ...(sent ?? variant), content: complete(channel, content), is_sendable: sent !== null };
      })
      .sort((left, right) => left.seq_no - right.seq_no);
    if (variants.some(({ is_sendable }) => is_sendable)) channels.set(channel, shelve(variants));
  }
  return { slug, name: snapshot.name, version_no, channels };
}
