import type { StepCode } from "../log/step-log.ts";
import type { Channel } from "../channel.ts";
import type { JsonObject } from "../json.ts";
import type { RootCategory } from "../lane.ts";

/**
 * The channels on which a recipient is reached for a category. From strong to weak: the tenant's switches (the category
 * disabled or hidden, channels blocked), the mandatory channels of a category that cannot be opted out of, the
 * recipient's global channel opt-outs, the recipient's choice for the category, the tenant's default, the category's
 * default.
 *
 * Each channel is decided independently: the other channels never change its result. Only the log text looks at all of
 * them together.
 */
export type DefaultPreference = "opt_in" | "opt_out" | "cant_unsubscribe";

/** The defaults for recipients who made no choice. */
export interface PreferenceDefaults {
  preference: DefaultPreference;
  /** Only `cant_unsubscribe` has them. Null: all channels. */
  mandatory_channels: readonly Channel[] | null;
  /** On until the recipient opts out. Null: all channels. */
  opt_in_channels: readonly Channel[] | null;
}

export interface PreferenceCategory {
  slug: string;
  root_category: RootCategory;
  /**
   * The category is a root, used directly. It has no preferences of its own: of a recipient's choices only the global
   * channel opt-outs apply to it, and for `system` not even these.
   */
  is_root: boolean;
  defaults: PreferenceDefaults;
}

/** A tenant's settings of a category. */
export interface TenantCategory {
  enabled_for_tenant: boolean;
  visible_to_subscriber: boolean;
  blocked_channels: readonly Channel[] | null;
  /** Null: the category's own. */
  preference: DefaultPreference | null;
  mandatory_channels: readonly Channel[] | null;
  opt_in_channels: readonly Channel[] | null;
}

/** A recipient's choice for a category, in one tenant. */
export interface CategoryChoice {
  preference: "opt_in" | "opt_out";
  /** The channels that are off; everything else is on. Null: the defaults, with `opt_in_channels` on as well. */
  opt_out_channels: readonly Channel[] | null;
  opt_in_channels: readonly Channel[] | null;
}

export interface PreferenceInput {
  /** The slug that the workflow names. */
  category: string;
  /** Null: no published category has that slug. */
  policy: CategoryPolicy | null;
  tenant_id: string;
  /** The tenant's, for all categories. */
  tenant_blocked_channels: readonly Channel[] | null;
  choice: RecipientChoice;
  /** The channels in question. */
  channels: readonly Channel[];
}

/** A category as it applies to the recipients of one tenant. */
export interface CategoryPolicy {
  category: PreferenceCategory;
  tenant_category: TenantCategory | null;
}

/** A recipient's choices that concern one category in one tenant. */
export interface RecipientChoice {
  category: CategoryChoice | null;
  /** Global opt-outs: only categories where such a channel is mandatory use it. */
  restricted_channels: readonly Channel[];
}

export const NO_CHOICE: RecipientChoice = Object.freeze({
  category: null,
  restricted_channels: Object.freeze([]),
});

export type RefusalReason =
  | "category_not_found"
  | "category_not_applicable"
  | "category_hidden"
  | "blocked_for_tenant"
  | "blocked_in_category"
  | "category_off"
  | "category_opted_out"
  | "channel_restricted"
  | "channel_opted_out"
  | "channel_off";

export type PreferenceCode = Extract<
  StepCode,
  | "category_not_found"
  | "category_not_applicable_tenant"
  | "user_unsubscribed_category"
  | "user_unsubscribed_channels"
  | "no_active_channels"
>;

/** What the log says of a decision: `message` is its line, and a code names what was refused. */
export type PreferenceNote =
  | { severity: "info"; code: null; message: string }
  | { severity: "warning" | "error"; code: PreferenceCode; message: string };

export type PreferenceDecision = PreferenceNote & {
  /** Allowed, in the order asked for. */
  channels: Channel[];
  /** Every other requested channel. */
  refused: Map<Channel, RefusalReason>;
  /** Every input and result for the step log; what was null, empty or as usual is absent. */
  snapshot: JsonObject;
};

/** Refusals that the recipient chose. */
const OWN_DOING: ReadonlySet<RefusalReason> = new Set([
  "category_opted_out",
  "channel_restricted",
  "channel_opted_out",
]);

export function evaluatePreference(input: PreferenceInput): PreferenceDecision {
  const requested = [...new Set(input.channels)];
  const barrier = barrierOf(input.policy);
  const decide = deciderOf(input, barrier);
  const channels: Channel[] = [];
  const refused = new Map<Channel, RefusalReason>();
  for (const channel of requested) {
    const reason = decide(channel);
    if (reason === null) channels.push(channel);
    else refused.set(channel, reason);
  }
  const results = withoutBlanks({ channels, refused: Object.fromEntries(refused) });
  return {
    channels,
    refused,
    ...describe(input, barrier, channels, refused),
    snapshot: { ...snapshotOf(input), requested, ...results },
  };
}

function deciderOf(
  { policy, tenant_blocked_channels, choice }: PreferenceInput,
  barrier: RefusalReason | null,
): (channel: Channel) => RefusalReason | null {
  if (policy === null || barrier !== null) return () => barrier;
  const rules = rulesOf(policy, choice);
  return (channel) => blockOf(channel, policy, tenant_blocked_channels) ?? refusalOf(channel, rules);
}

/**
 * The defaults of a category in a tenant: the tenant's where it sets a preference, the category's otherwise. A list
 * that the tenant sets without a preference replaces only that list.
 */
export function effectiveDefaults({ category, tenant_category }: CategoryPolicy): PreferenceDefaults {
  if (tenant_category === null || category.is_root) return category.defaults;
  const { preference, mandatory_channels, opt_in_channels } = tenant_category;
  if (preference !== null) return { preference, mandatory_channels, opt_in_channels };
  return {
    preference: category.defaults.preference,
    mandatory_channels: mandatory_channels ?? category.defaults.mandatory_channels,
    opt_in_channels: opt_in_channels ?? category.defaults.opt_in_channels,
  };
}

/** True for a channel that no recipient can turn off. */
export function isMandatory(
  { preference, mandatory_channels }: PreferenceDefaults,
  channel: Channel,
): boolean {
  return preference === "cant_unsubscribe" && (mandatory_channels?.includes(channel) ?? true);
}

/** A category as a preference page shows it: what a send would do now, and what its reader can change. */
export interface ShownPreference {
  /** Never `cant_unsubscribe`: clients know two states only, and such a category is one that is on for good. */
  preference: "opt_in" | "opt_out";
  is_editable: boolean;
  /** Those of the asked that the tenant does not block, in the same order. */
  channels: { channel: Channel; preference: "opt_in" | "opt_out"; is_editable: boolean }[];
}

/** `isShown` says whether a page has the category at all. */
export function showPreference({
  policy,
  tenant_blocked_channels,
  choice,
  channels,
}: Omit<PreferenceInput, "policy" | "category" | "tenant_id"> & { policy: CategoryPolicy }): ShownPreference {
  const rules = rulesOf(policy, choice);
  const { defaults, chosen, restricted_channels } = rules;
  const is_editable = defaults.preference !== "cant_unsubscribe";
  const stated = chosen?.preference ?? defaults.preference;
  return {
    preference: is_editable && stated === "opt_out" ? "opt_out" : "opt_in",
    is_editable,
    channels: channels
      .filter((channel) => blockOf(channel, policy, tenant_blocked_channels) === null)
      .map((channel) => ({
        channel,
        preference: refusalOf(channel, rules) === null ? "opt_in" : "opt_out",
        // A channel that is restricted everywhere is turned on again where it was turned off: not in a category.
        is_editable: !isMandatory(defaults, channel) && !restricted_channels.includes(channel),
      })),
  };
}

/** False for a category that the tenant disabled or hid: its recipients neither see nor get it. */
export function isShown(policy: CategoryPolicy): boolean {
  return barrierOf(policy) === null;
}

/** What keeps the whole category from this tenant's recipients, whatever they chose. */
function barrierOf(policy: CategoryPolicy | null): RefusalReason | null {
  if (policy === null) return "category_not_found";
  const { category, tenant_category } = policy;
  if (category.is_root || tenant_category === null) return null;
  if (!tenant_category.enabled_for_tenant) return "category_not_applicable";
  return tenant_category.visible_to_subscriber ? null : "category_hidden";
}

/** What the tenant keeps from its recipients, mandatory or not. */
function blockOf(
  channel: Channel,
  { category, tenant_category }: CategoryPolicy,
  tenant_blocked_channels: readonly Channel[] | null,
): RefusalReason | null {
  if (tenant_blocked_channels?.includes(channel) === true) return "blocked_for_tenant";
  const isBlocked = !category.is_root && tenant_category?.blocked_channels?.includes(channel) === true;
  return isBlocked ? "blocked_in_category" : null;
}

/** What decides about every channel of a category, found once for all of them. */
interface Rules {
  defaults: PreferenceDefaults;
  chosen: CategoryChoice | null;
  restricted_channels: readonly Channel[];
}

function rulesOf(policy: CategoryPolicy, { category, restricted_channels }: RecipientChoice): Rules {
  return {
    defaults: effectiveDefaults(policy),
    chosen: policy.category.is_root ? null : category,
    restricted_channels,
  };
}

function refusalOf(channel: Channel, { defaults, chosen, restricted_channels }: Rules): RefusalReason | null {
  if (isMandatory(defaults, channel)) return null;
  if (restricted_channels.includes(channel)) return "channel_restricted";
  if (chosen?.preference === "opt_out") return "category_opted_out";
  if (chosen === null && defaults.preference === "opt_out") return "category_off";
  return channelRefusal(channel, chosen, defaults);
}

/** Whether a channel is on in a category that is on. */
function channelRefusal(
  channel: Channel,
  chosen: CategoryChoice | null,
  { preference, opt_in_channels }: PreferenceDefaults,
): RefusalReason | null {
  // Here the recipient has opted in, or has no row.
  if (chosen !== null && chosen.opt_out_channels !== null) {
    return chosen.opt_out_channels.includes(channel) ? "channel_opted_out" : null;
  }
  if (chosen?.opt_in_channels?.includes(channel) === true) return null;
  if (opt_in_channels?.includes(channel) ?? true) return null;
  // Opting in to a category that is off by default turns on all of it.
  if (preference === "opt_out" && chosen !== null) return null;
  return "channel_off";
}

/** The log message; the texts are the wire's, by which people search their logs. */
function describe(
  { category, tenant_id }: PreferenceInput,
  barrier: RefusalReason | null,
  channels: readonly Channel[],
  refused: ReadonlyMap<Channel, RefusalReason>,
): PreferenceNote {
  const warn = (code: PreferenceCode, message: string): PreferenceNote => {
    return { severity: "warning", code, message };
  };
  if (barrier === "category_not_found") {
    return { severity: "error", code: barrier, message: `category '${category}' not found` };
  }
  if (barrier !== null) {
    const fault = barrier === "category_hidden" ? "not visible to subscribers of" : "not applicable to";
    const text = `NotificationCategory ${category} ${fault} tenant/brand ${tenant_id}`;
    return warn("category_not_applicable_tenant", text);
  }
  const own = [...refused].flatMap(([channel, reason]) => (OWN_DOING.has(reason) ? [channel] : []));
  const unsubscribed = (from: string) =>
    warn("user_unsubscribed_channels", `user has unsubscribed from ${from} for category: ${category}`);
  if (channels.length > 0) {
    return own.length === 0
      ? { severity: "info", code: null, message: `allowed by preferences: ${channels.join(", ")}` }
      : unsubscribed(`channels [${own.join(", ")}]`);
  }
  const reasons = new Set(refused.values());
  if (reasons.has("category_off") || reasons.has("category_opted_out")) {
    return warn("user_unsubscribed_category", `user not subscribed to category: ${category}`);
  }
  return own.length > 0 && own.length === refused.size
    ? unsubscribed("all-channels")
    : warn("no_active_channels", `no (subscribed-)channels found for user. category: ${category}`);
}

function snapshotOf({
  category,
  policy,
  tenant_id,
  tenant_blocked_channels,
  choice,
}: PreferenceInput): JsonObject {
  const { restricted_channels } = choice;
  const tenant = policy?.tenant_category ?? null;
  return withoutBlanks({
    category,
    root_category: policy?.category.root_category,
    category_default: policy && withoutBlanks({ ...policy.category.defaults }),
    tenant_id,
    tenant_category: tenant && presentTenantCategory(tenant),
    tenant_blocked_channels,
    recipient: choice.category && withoutBlanks({ ...choice.category }),
    restricted_channels: restricted_channels.length === 0 ? null : restricted_channels,
  });
}

function presentTenantCategory({
  enabled_for_tenant,
  visible_to_subscriber,
  ...rest
}: TenantCategory): JsonObject {
  return {
    ...(enabled_for_tenant ? {} : { enabled_for_tenant }),
    ...(visible_to_subscriber ? {} : { visible_to_subscriber }),
    ...withoutBlanks({ ...rest }),
  };
}

/**
 * Drops nulls and objects without members. An empty list stays: it means that no channel is off, where null means
 * nothing about any.
 */
function withoutBlanks(fields: Record<string, unknown>): JsonObject {
  const kept: Record<string, unknown> = {};
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    if (value === null || value === undefined) continue;
    if (typeof value === "object" && !Array.isArray(value) && Object.keys(value).length === 0) continue;
    kept[name] = value;
  }
  return kept as JsonObject;
}
