import type { z } from "zod";
import { type Channel, CHANNELS } from "../../core/channel.ts";
import type { JsonObject } from "../../core/json.ts";
import { contentHash } from "../../catalog/content-hash.ts";
import { schemaIssues } from "../schema-problems.ts";
import { notValid } from "../expression-problems.ts";
import type { TemplateSnapshot, VariantSnapshot } from "../../catalog/template.ts";

/** Evaluates a template's draft: its hashes, its problems, and the snapshot that a commit would make of it. Pure. */

export type TemplateHead = Pick<TemplateSnapshot, "name" | "description" | "tags" | "enabled_channels">;

export interface VariantKey {
  channel: Channel;
  id: string;
}

/** What a template needs to know about a channel. */
export interface ContentRules {
  /** Parses any content with the right primitive types, and fills in missing fields. */
  content: z.ZodType<JsonObject>;
  findProblems(content: JsonObject): VariantErrors;
  /** What rendering needs and the content alone determines. */
  complete?(content: JsonObject): JsonObject;
  /** Every source that is rendered when the content is sent. */
  sources(content: JsonObject): ContentTemplate[];
}

export interface ContentTemplate {
  /** Dotted path into the content. */
  path: string;
  language: "handlebars" | "jsonnet";
  source: string;
}

export type ChannelRules = ReadonlyMap<Channel, ContentRules>;

/** What a draft is checked against. */
export interface TemplateRules {
  channels: ChannelRules;
  expressions: TemplateCheck;
}

/** Why a source can never be rendered; null when it can. */
export interface TemplateCheck {
  checkTemplate: (language: ContentTemplate["language"], source: string) => string | null;
}

/** Dotted path into the content to the reasons why it cannot be committed. */
export type VariantErrors = Record<string, string[]>;

/** Covers what a recipient could notice: not timestamps, approvals, or the position in the list. */
export function variantHash(variant: Omit<VariantSnapshot, "hash" | "seq_no">): string {
  const { channel, id, tenant_id, locale, conditions, content, needs_vendor_approval } = variant;
  return contentHash({ channel, id, tenant_id, locale, conditions, content, needs_vendor_approval });
}

/** Covers the variants of enabled channels, in order. */
export function templateHash(head: TemplateHead, variants: readonly VariantSnapshot[]): string {
  const { name, description, tags, enabled_channels } = head;
  const channels = enabled_channels.map((channel) => [
    channel,
    inOrder(variants.filter((variant) => variant.channel === channel)).map(({ hash }) => hash),
  ]);
  return contentHash({ name, description, tags, enabled_channels, channels });
}

/** By channel, then by position in the list, then by id if two variants have the same position. */
export function inOrder<V extends Pick<VariantSnapshot, "channel" | "seq_no" | "id">>(
  variants: readonly V[],
): V[] {
  return variants.toSorted(
    (left, right) =>
      CHANNELS.indexOf(left.channel) - CHANNELS.indexOf(right.channel) ||
      left.seq_no - right.seq_no ||
      (left.id < right.id ? -1 : 1),
  );
}

export interface CommitPlan {
  snapshot: TemplateSnapshot;
  /** Variants whose draft goes live; they must have no errors. */
  committed: VariantSnapshot[];
  /** Selected, but neither in the draft nor live. */
  unknown: VariantKey[];
}

/**
 * The snapshot of a commit. `selection` null takes the draft of every enabled channel; disabled channels keep what was
 * live, in case they are enabled again. With a selection, all other variants keep what was live, and selecting a
 * variant that the draft no longer has removes it.
 */
export function planCommit(
  head: TemplateHead,
  draft: readonly VariantSnapshot[],
  live: TemplateSnapshot | null,
  selection: readonly VariantKey[] | null,
): CommitPlan {
  const inDraft = keySet(draft);
  const inLive = keySet(live?.variants ?? []);
  const selected = keySet(
    selection ?? draft.filter(({ channel }) => head.enabled_channels.includes(channel)),
  );
  const committed = draft.filter((variant) => selected.has(keyOf(variant)));
  const kept = (live?.variants ?? []).filter((variant) =>
    selection === null
      ? inDraft.has(keyOf(variant)) && !selected.has(keyOf(variant))
      : !selected.has(keyOf(variant)),
  );
  return {
    snapshot: { ...head, variants: inOrder([...kept, ...committed]) },
    committed: inOrder(committed),
    unknown: (selection ?? []).filter((key) => !inDraft.has(keyOf(key)) && !inLive.has(keyOf(key))),
  };
}

function keySet(keys: readonly VariantKey[]): Set<string> {
  return new Set(keys.map(keyOf));
}

function keyOf({ channel, id }: VariantKey): string {
  return `${channel}/${id}`;
}

/** Empty when the content can be committed: it is complete, and each of its templates renders with some data. */
export function variantErrors(
  { channels, expressions }: TemplateRules,
  { channel, content }: Pick<VariantSnapshot, "channel" | "content">,
): VariantErrors {
  const definition = channels.get(channel);
  if (definition === undefined) return { channel: ["is not available"] };
  const parsed = definition.content.safeParse(content, { reportInput: true });
  if (parsed.success) {
    const errors = { ...definition.findProblems(parsed.data) };
    for (const { path, language, source } of definition.sources(parsed.data)) {
      const reason = expressions.checkTemplate(language, source);
      if (reason !== null) errors[path] = [...(errors[path] ?? []), notValid(language, reason)];
    }
    return errors;
  }
  // Stored under an older version of its schema.
  const byPath = Map.groupBy(schemaIssues(parsed.error), ({ path }) => path.join("."));
  return Object.fromEntries([...byPath].map(([path, issues]) => [path, issues.map(({ reason }) => reason)]));
}

/** A channel's content before anything is written. */
export function blankContent(channels: ChannelRules, channel: Channel): JsonObject {
  const parsed = channels.get(channel)?.content.safeParse({});
  return parsed?.success === true ? parsed.data : {};
}

/** The single line with which clients report a refused commit; they print it as it is, including the misspelling. */
export function describeRefusal(refused: readonly (VariantKey & { errors: VariantErrors })[]): string {
  const lines = refused.map(({ channel, id, errors }, index) => {
    const entries = Object.entries(errors).map(
      ([path, reasons]) => `${quote(path)}: [${reasons.map(quote).join(", ")}]`,
    );
    return `[${index + 1}] ${channel}:${id} errors: {${entries.join(", ")}}`;
  });
  return ["one of more variants about to be committed have issues.", ...lines].join("\n");
}

/** Like Python's repr of a string: in single quotes, or in double quotes if it contains a single one. */
function quote(text: string): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  if (!escaped.includes("'")) return `'${escaped}'`;
  return escaped.includes('"') ? `'${escaped.replaceAll("'", "\\'")}'` : `"${escaped}"`;
}
