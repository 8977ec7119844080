import { SOCIAL_SITES, type Tenant } from "../../catalog/tenant.ts";
import { CHANNELS, CHANNEL_TRAITS } from "../../core/channel.ts";
import type { StoredIdentity } from "../../core/profile/identity.ts";
import { DEFAULT_TENANT } from "../../core/profile/effective-profile.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import { createTranslator, NO_TRANSLATIONS, type Translator } from "../../core/translations/lookup.ts";
import { resolveProperties } from "../../core/preferences/category-properties.ts";
import type { LivePolicy } from "../../preferences/preferences.ts";
import { knownProfile, seenProperties } from "./profile.ts";
import type { ChunkData, Person, Place, Run } from "../run.ts";
import { categoryDigest, concernOf, policyOf } from "./chunk-data.ts";

/**
 * What templates and expressions see of a run: the payload at the root, and `$recipient`, `$actor`, `$brand`
 * (`$tenant`), `$category`, `$workflow` next to it. Reserved keys are always present, because templates are strict.
 */
export interface RunScope {
  namespaces: Record<string, Json>;
  /** The payload with all namespaces: the root of templates and the input of jq. */
  context: JsonObject;
  locale: string | null;
  /** The workspace's translations in the recipient's languages. */
  translator: Translator;
  /** IANA name, when the recipient has one. */
  timezone: string | null;
}

export function scopeOf(run: Run, chunkData: ChunkData): RunScope {
  const { actor } = run;
  const properties = seenProperties(run, "recipient", chunkData);
  const own = addressesOf([
    ...(run.inline?.identities ?? []),
    ...knownProfile(run, run, chunkData).identities,
  ]);
  const recipient = personScope(run.object_type, run.distinct_id, { ...own, ...properties });
  if (run.inline?.subscription !== undefined) recipient.subscription = run.inline.subscription;
  const policy = policyOf(run, chunkData);
  const digest_schedule = categoryDigest(run, policy, chunkData);
  if (digest_schedule !== null) recipient.$category_preference = { digest_schedule: { ...digest_schedule } };
  const acting = actor === null ? {} : actorProperties(run, actor, chunkData);
  const { tenant, organization } = placeOf(run, chunkData);
  const category = categoryScope(run, policy, chunkData);
  const people = {
    $recipient: recipient,
    $actor: actor === null ? {} : personScope(actor.object_type, actor.distinct_id, acting),
    $brand: tenant,
    $tenant: tenant,
    $category: category,
    $organization: organization,
    $workflow: {
      slug: run.workflow.slug,
      name: run.workflow.name,
      category: run.workflow.category,
      $category: category,
      execution_id: run.id,
      version: run.workflow.version_no,
    },
  };
  const locale = textOr(properties.$locale) ?? textOr(properties.$preferred_language);
  return {
    namespaces: { "": run.data, ...people, $future_event: run.memory.future_event ?? {} },
    context: {
      ...run.data,
      ...people,
      $user: recipient,
      $embedded_preference_url: tenant.embedded_preference_url ?? "",
      // Made where a text is rendered: `compose/links.ts`.
      $hosted_preference_url: "",
      $unsubscribe_url: "",
    },
    locale,
    translator: createTranslator(chunkData.translations.get(run.workspace_id) ?? NO_TRANSLATIONS, locale),
    timezone: textOr(properties.$timezone),
  };
}

function actorProperties(run: Run, actor: Person, chunkData: ChunkData): JsonObject {
  const { identities } = knownProfile(run, actor, chunkData);
  return { ...addressesOf(identities), ...seenProperties(run, "actor", chunkData) };
}

/** The addresses that templates print: the first of each that is in use. A property of the same name is shown instead. */
function addressesOf(identities: readonly StoredIdentity[]): JsonObject {
  const addresses: JsonObject = {};
  for (const channel of CHANNELS) {
    const { prints_as } = CHANNEL_TRAITS[channel];
    if (prints_as === null || addresses[prints_as] !== undefined) continue;
    const first = identities.find(
      (identity) =>
        identity.channel === channel && identity.status === "active" && identity.perma_status === "active",
    );
    if (first !== undefined) addresses[prints_as] = first.value;
  }
  return addresses;
}

function personScope(object_type: string, distinct_id: string, properties: JsonObject): JsonObject {
  return object_type === ""
    ? { ...properties, $type: "user", distinct_id }
    : { ...properties, $type: "object", object_type, id: distinct_id };
}

/** Cached per tenant: the same for all its runs, and most nodes use it. */
function placeOf(run: Run, chunkData: ChunkData): Place {
  const key = `${run.workspace_id}/${run.tenant_id}`;
  const known = chunkData.places.get(key);
  if (known !== undefined) return known;
  const place = {
    tenant: tenantScope(run, chunkData),
    organization: organizationScope(run, chunkData),
  };
  chunkData.places.set(key, place);
  return place;
}

function tenantScope(run: Run, chunkData: ChunkData): JsonObject {
  const { tenant_id } = run;
  const tenant = tenantOf(run, tenant_id, chunkData);
  const fallback = tenantOf(run, DEFAULT_TENANT, chunkData);
  const links = tenant?.social_links ?? {};
  const name = tenant?.tenant_name ?? "";
  const page = tenant?.embedded_preference_url ?? "";
  // The site was renamed: a link stored under either name is available under both.
  const x = textOr(links.x) ?? textOr(links.twitter) ?? "";
  return {
    ...tenant?.properties,
    brand_id: tenant_id,
    tenant_id,
    brand_name: name,
    tenant_name: name,
    logo: tenant?.logo ?? "",
    primary_color: tenant?.primary_color ?? fallback?.primary_color ?? "",
    secondary_color: tenant?.secondary_color ?? fallback?.secondary_color ?? "",
    tertiary_color: tenant?.tertiary_color ?? fallback?.tertiary_color ?? "",
    timezone: tenant?.timezone ?? null,
    blocked_channels: tenant?.blocked_channels ?? null,
    social_links: {
      ...Object.fromEntries(SOCIAL_SITES.map((site) => [site, links[site] ?? ""])),
      x,
      twitter: x,
    },
    properties: tenant?.properties ?? {},
    embedded_preference_url: page,
    preference_page_url: page,
    hosted_preference_domain: tenant?.hosted_preference_domain ?? "",
    $embedded_preference_url: page,
    $hosted_preference_url: "",
  };
}

/** The workspace, with the appearance of its default tenant. */
function organizationScope(run: Run, chunkData: ChunkData): JsonObject {
  const workspace = chunkData.workspaces.get(run.workspace_id);
  const looks = tenantOf(run, DEFAULT_TENANT, chunkData);
  return {
    name: workspace?.name ?? "",
    timezone: workspace?.timezone ?? "UTC",
    primary_color: looks?.primary_color ?? "",
    logo: looks?.logo ?? "",
  };
}

function tenantOf({ workspace_id }: Run, tenant_id: string, { tenants }: ChunkData): Tenant | null {
  return tenants.get(`${workspace_id}/${tenant_id}`) ?? null;
}

/** The workflow's category with the properties effective for this recipient in this tenant. */
function categoryScope(run: Run, policy: LivePolicy | null, { choices }: ChunkData): JsonObject {
  const { category: slug } = run.workflow;
  const { name = "", properties: defined = null } = policy?.category ?? {};
  if (defined === null || defined.length === 0) return { slug, name, properties: {} };
  const chosen = choices.get(run.workspace_id)?.(concernOf(run)).properties ?? null;
  const set = policy?.tenant_category?.properties ?? null;
  return { slug, name, properties: resolveProperties(defined, set, chosen) };
}

function textOr(value: Json | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
