import type { Tenant } from "../catalog/catalog.ts";
import type { Json, JsonObject } from "../core/json.ts";
import { knownProfile } from "./profile.ts";
import type { Person, Run, Surroundings } from "./run.ts";

/**
 * What templates and expressions see of a run: the payload at the root, and `$recipient`, `$actor`, `$brand`
 * (`$tenant`), `$workflow` beside it. Reserved keys are always there, because templates are strict.
 */
export interface RunScope {
  namespaces: Record<string, Json>;
  /** The payload with all namespaces: the root of templates and the input of jq. */
  context: JsonObject;
  locale: string | null;
  /** IANA name, when the recipient has one. */
  timezone: string | null;
}

export function scopeOf(run: Run, surroundings: Surroundings): RunScope {
  const { properties: stored } = knownProfile(run, run, surroundings);
  const properties = { ...stored, ...run.inline?.properties };
  const recipient = personScope(run.object_type, run.distinct_id, properties);
  if (run.inline?.subscription !== undefined) recipient.subscription = run.inline.subscription;
  const actor = run.actor === null ? {} : actorScope(run, run.actor, surroundings);
  const tenant = tenantScope(
    surroundings.tenants.get(`${run.workspace_id}/${run.tenant_id}`) ?? null,
    run.tenant_id,
  );
  const workspace = surroundings.workspaces.get(run.workspace_id);
  const namespaces: Record<string, Json> = {
    "": run.data,
    $recipient: recipient,
    $actor: actor,
    $brand: tenant,
    $tenant: tenant,
    $future_event: run.memory.future_event ?? {},
    $organization: { name: workspace?.name ?? "", timezone: workspace?.timezone ?? "UTC", primary_color: "" },
    $workflow: {
      slug: run.workflow.slug,
      name: run.workflow.name,
      category: run.workflow.category,
      $category: { slug: run.workflow.category },
      execution_id: run.id,
      version: run.workflow.version_no,
    },
  };
  const context: JsonObject = {
    ...run.data,
    $recipient: recipient,
    $user: recipient,
    $actor: actor,
    $brand: tenant,
    $tenant: tenant,
    $organization: namespaces.$organization ?? {},
    $workflow: namespaces.$workflow ?? {},
    $embedded_preference_url: "",
    $hosted_preference_url: "",
  };
  return {
    namespaces,
    context,
    locale: textOr(properties.$locale) ?? textOr(properties.$preferred_language),
    timezone: textOr(properties.$timezone),
  };
}

function actorScope(run: Run, actor: Person, surroundings: Surroundings): JsonObject {
  const { properties } = knownProfile(run, actor, surroundings);
  return personScope(actor.object_type, actor.distinct_id, { ...properties, ...actor.properties });
}

function personScope(object_type: string, distinct_id: string, properties: JsonObject): JsonObject {
  return object_type === ""
    ? { ...properties, $type: "user", distinct_id }
    : { ...properties, $type: "object", object_type, id: distinct_id };
}

const SOCIAL = [
  "website",
  "facebook",
  "linkedin",
  "x",
  "twitter",
  "instagram",
  "medium",
  "discord",
  "telegram",
  "youtube",
  "tiktok",
];

function tenantScope(tenant: Tenant | null, tenant_id: string): JsonObject {
  const links = tenant?.social_links ?? {};
  const name = tenant?.tenant_name ?? "";
  return {
    ...tenant?.properties,
    brand_id: tenant_id,
    tenant_id,
    brand_name: name,
    tenant_name: name,
    logo: tenant?.logo ?? "",
    primary_color: tenant?.primary_color ?? "",
    secondary_color: tenant?.secondary_color ?? "",
    tertiary_color: tenant?.tertiary_color ?? "",
    timezone: tenant?.timezone ?? null,
    blocked_channels: tenant?.blocked_channels ?? null,
    social_links: Object.fromEntries(SOCIAL.map((site) => [site, links[site] ?? ""])),
    properties: tenant?.properties ?? {},
    $embedded_preference_url: "",
    $hosted_preference_url: "",
  };
}

function textOr(value: Json | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
