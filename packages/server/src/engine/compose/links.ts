import { canonicalLocale } from "../../core/text/locale.ts";
import type { Channel } from "../../core/channel.ts";
import { isJsonObject, type JsonObject } from "../../core/json.ts";
import { isRootCategory, rootOf } from "../../core/lane.ts";
import { effectiveDefaults, isMandatory } from "../../core/preferences/preferences.ts";
import { linkExpiry, oneClickAddress, pageAddress, signLink } from "../../preferences/hosted/link.ts";
import { policyOf } from "../chunk/chunk-data.ts";
import type { RunScope } from "../chunk/scope.ts";
import type { ChunkData, Run } from "../run.ts";

/** For what a link is made; null: for no message. */
export interface LinkFor {
  channel: Channel;
  message_id: string;
}

/**
 * The context of a scope with the addresses of the recipient's preference page. Signing one takes about as long as
 * rendering a short text, so each is made when a template first reads it.
 */
export function withLinks(
  run: Run,
  { context, locale }: RunScope,
  chunkData: ChunkData,
  message: LinkFor | null,
): JsonObject {
  let made: string | undefined;
  const page = () => (made ??= addressOf(run, locale, chunkData, message));
  const brand = isJsonObject(context.$brand) ? { ...context.$brand } : {};
  lazily(brand, "$hosted_preference_url", page);
  const linked: JsonObject = { ...context, $brand: brand, $tenant: brand };
  lazily(linked, "$hosted_preference_url", page);
  lazily(linked, "$unsubscribe_url", () => unsubscribeAddress(run, page, chunkData, message));
  return linked;
}

/** Whether a source can print a link: the others need no context of their own. */
export function mentionsLink(source: string): boolean {
  return source.includes("$hosted_preference_url") || source.includes("$unsubscribe_url");
}

function lazily(object: JsonObject, key: string, make: () => string): void {
  Object.defineProperty(object, key, { enumerable: true, configurable: true, get: make });
}

/** Blank for people who are not stored, and so have no preferences, and where the server does not know its own address. */
function addressOf(run: Run, locale: string | null, chunkData: ChunkData, message: LinkFor | null): string {
  const { workspace_id, tenant_id, recipient_id } = run;
  const base = chunkData.tenants.get(`${workspace_id}/${tenant_id}`)?.page_base ?? null;
  const keys = chunkData.workspaces.get(workspace_id)?.link_keys;
  if (base === null || keys === undefined || recipient_id === null) return "";
  const link = {
    workspace_id,
    recipient_id,
    tenant_id,
    channel: message?.channel ?? null,
    category: run.workflow.category,
    message_id: message?.message_id ?? null,
    locale: locale === null ? null : canonicalLocale(locale),
    expires_at: linkExpiry(run.now),
  };
  return pageAddress(base, signLink(link, keys));
}

/**
 * For the header `List-Unsubscribe`: blank for what the root `system` sends; the page alone where a POST could not opt
 * out, as the channel is mandatory in the category, or the category is the root of all transactional ones.
 */
function unsubscribeAddress(
  run: Run,
  page: () => string,
  chunkData: ChunkData,
  message: LinkFor | null,
): string {
  const { category, lane } = run.workflow;
  const root = rootOf(lane);
  if (root === "system" || message === null) return "";
  const address = page();
  if (address === "") return "";
  const policy = policyOf(run, chunkData);
  if (policy === null || isMandatory(effectiveDefaults(policy), message.channel)) return address;
  return isRootCategory(category) && root !== "promotional" ? address : oneClickAddress(address);
}
