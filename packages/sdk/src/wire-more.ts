import type { Channel, Reply, User } from "./wire.ts";

/* Replies of endpoints by the wire's specification: objects, lists, preferences. */

/** An object, with its addresses under `$email` … like a user's. */
export interface ObjectView extends Omit<User, "distinct_id"> {
  object_type: string;
  id: string;
  subscriptions_count: number;
}

export interface ObjectSummary {
  object_type: string;
  id: string;
  subscriptions_count: number;
  updated_at: string;
  properties?: Record<string, unknown>;
}

/** Who is subscribed to an object: a user, or a child object. */
export interface Subscription {
  properties: Record<string, unknown>;
  user: { distinct_id: string; updated_at: string } | null;
  object: ObjectSummary | null;
  created_at: string;
  updated_at: string;
}

/** An object that somebody is subscribed to, with the properties of the subscription. */
export interface ObjectSubscribedTo {
  properties: Record<string, unknown>;
  object: ObjectSummary;
  created_at: string;
  updated_at: string;
}

export interface ListSummary {
  list_id: string;
  list_name: string;
  list_description: string | null;
  /** `static_list` or `dynamic_list`. */
  list_type: string;
  source: string | null;
  subscribers_count: number;
  updated_at: string;
}

export interface ListView extends ListSummary {
  is_readonly: boolean;
  status: "active" | "draft";
  track_user_entry: boolean;
  track_user_exit: boolean;
  requested_for_delete: boolean;
  created_at: string;
  drafts: { version_id: string; subscribers_count: number; created_at: string; updated_at: string }[] | null;
  /** Of a draft. */
  version_id: string | null;
  [key: string]: unknown;
}

export interface Membership {
  success: boolean;
  /** How many were really added or removed. */
  affected_count: number;
}

/** What somebody chose of a category, and what it means. */
export interface CategoryPreference {
  category: string;
  name: string;
  description: string | null;
  tags: string[] | null;
  effective_tags: string[] | null;
  /** The recipient's own choice, if there is one. */
  original_preference: "opt_in" | "opt_out" | null;
  preference: "opt_in" | "opt_out";
  is_editable: boolean;
  channels: { channel: Channel; preference: "opt_in" | "opt_out"; is_editable: boolean }[];
  digest_schedule_options: Record<string, unknown> | null;
  digest_schedule: Record<string, unknown> | null;
  properties: Record<string, unknown>[] | null;
}

export interface ChannelPreference {
  channel: Channel;
  /** True: only what must be sent on it. */
  is_restricted: boolean;
}

export interface FullPreference {
  sections: {
    name: string | null;
    slug: string | null;
    description: string | null;
    tags: string[] | null;
    subcategories: CategoryPreference[];
  }[];
  channel_preferences: ChannelPreference[];
}

export type Weekday = "su" | "mo" | "tu" | "we" | "th" | "fr" | "sa";

/** The 1st to the 31st, or from the end of the month; of a weekday: the second Tuesday. */
export interface MonthDay {
  pos: number;
  day?: Weekday;
}

/** What somebody chooses of a category. It replaces an earlier choice. */
export interface CategoryChoice {
  preference: "opt_in" | "opt_out";
  /** All channels that are off; all others are on. */
  opt_out_channels?: Channel[] | null;
  /** Channels that are on besides those that are by default. */
  opt_in_channels?: Channel[] | null;
  digest_schedule?: {
    id: string;
    time?: string;
    dtstart?: string;
    weekdays?: Weekday[];
    monthdays?: MonthDay[];
  } | null;
  properties?: { key: string; value: string | number | string[] | null }[] | null;
}

export type NamedChoice = { category: string } & CategoryChoice;

/** What a tenant makes of a category. */
export interface TenantCategory {
  category: string;
  name: string;
  description: string | null;
  root_category: "system" | "transactional" | "promotional";
  default_preference: string;
  default_mandatory_channels: Channel[] | null;
  default_opt_in_channels: Channel[] | null;
  enabled_for_tenant: boolean;
  visible_to_subscriber: boolean;
  /** Null until the tenant says otherwise than the category. */
  preference: "opt_in" | "opt_out" | "cant_unsubscribe" | null;
  mandatory_channels: Channel[] | null;
  opt_in_channels: Channel[] | null;
  blocked_channels: Channel[] | null;
  updated_at: string | null;
  [key: string]: unknown;
}

/** Null goes back to the category's; what is absent stays. */
export interface TenantCategoryChange {
  enabled_for_tenant?: boolean;
  blocked_channels?: Channel[] | null;
  visible_to_subscriber?: boolean | null;
  preference?: "opt_in" | "opt_out" | "cant_unsubscribe" | null;
  mandatory_channels?: Channel[] | null;
  opt_in_channels?: Channel[] | null;
  digest_schedule?: {
    options: {
      id: string;
      time?: { default_value: string | null };
      weekdays?: { default_value: Weekday[] | null };
      monthdays?: { default_value: MonthDay[] | null };
      dtstart?: { default_value: string | null };
      is_default?: boolean;
    }[];
  } | null;
  properties?: { key: string; value: string | number | string[] | null }[] | null;
}

export interface TenantPreference {
  root_categories: {
    root_category: string;
    sections: {
      name: string | null;
      slug: string | null;
      description: string | null;
      tags: string[] | null;
      categories: TenantCategory[];
    }[];
  }[];
}

/** What can be done to a message from outside. */
export type MessageAction = "seen" | "clicked" | "dismissed" | "read" | "unread" | "archived" | "unarchived";

export interface MessageUpdate {
  message_id: string;
  status_code: number;
  error: { type: string; message: string } | null;
}

/** A category as its author writes it: what is absent is the default. */
export interface CategoryDefinition {
  category: string;
  name: string;
  description?: string | null;
  default_preference: "opt_in" | "opt_out" | "cant_unsubscribe";
  /** Of `cant_unsubscribe`; null is all. */
  default_mandatory_channels?: Channel[] | null;
  /** On from the start; null is all. */
  default_opt_in_channels?: Channel[] | null;
  tags?: string[] | null;
  digest_schedule?: { enabled?: boolean; options: DigestOption[] } | null;
  properties?: CategoryProperty[] | null;
}

/** One of the schedules that recipients choose from; a field that is editable may be chosen too. */
export interface DigestOption {
  /** Made of the label if absent. */
  id?: string;
  label: string;
  frequency: "instantly" | "minutely" | "hourly" | "daily" | "weekly" | "weekly_mo2fr" | "monthly";
  interval?: number;
  time?: Choosable<string>;
  weekdays?: Choosable<Weekday[]>;
  monthdays?: Choosable<MonthDay[]>;
  dtstart?: Choosable<string>;
  is_default?: boolean;
}

interface Choosable<Value> {
  edit_policy?: "locked" | "editable";
  default_value?: Value | null;
}

/** A value that recipients give, which conditions see as `$category.properties`. */
export interface CategoryProperty {
  key: string;
  label: string;
  value_type: "integer" | "string" | "string_choice" | "list_choice" | "string_dynamic" | "list_dynamic";
  is_optional?: boolean;
  choices?: { value: string; label: string }[] | null;
  default_value?: string | number | string[] | null;
  dynamic_choices_key?: string | null;
  edit_policy?: "locked" | "editable";
}

export interface RootCategory {
  root_category: "system" | "transactional" | "promotional";
  sections?: {
    name: string | null;
    description?: string | null;
    tags?: string[] | null;
    categories: CategoryDefinition[];
  }[];
}

export interface CategoryDocument {
  root_categories: RootCategory[];
  version_no: number;
  status: "draft" | "active";
  validation_result: { is_valid: boolean; errors?: string[] };
  commit_message?: string | null;
  committed_at?: string | null;
}

/** Names and descriptions in one language; null where there is none. */
export interface CategoryTranslation {
  sections: Record<string, { name?: string | null; description?: string | null }>;
  categories: Record<string, { name?: string | null; description?: string | null }>;
}

export interface WorkspaceView {
  uid: string;
  slug: string;
  name: string;
  description: string | null;
  /** `sandbox` or `production`. */
  mode: string;
  [key: string]: unknown;
}

export type WorkspaceConfig = Reply<"managementConfigGet">;

/** Who did something to a key. */
export type Actor = { name: string; email: string } | null;

export interface ApiKey {
  id: string;
  masked_api_key: string;
  name: string;
  allowed_domains: string[] | null;
  is_deleted: boolean;
  created_at: string;
  created_by: Actor;
  deleted_at: string | null;
  deleted_by: Actor;
}

export interface PublicKey {
  id: string;
  /** What clients send: it is no secret. */
  api_key: string;
  name: string;
  allowed_domains: string[] | null;
  is_secure_mode_enabled: boolean;
  is_deleted: boolean;
  is_default: boolean;
  created_at: string;
  rotated_at: string | null;
  updated_at: string | null;
  [key: string]: unknown;
}

export interface SigningKey {
  id: number | string;
  /** What paths take. */
  uid: string;
  /** `active` or `rolled`. */
  status: string;
  expiry_at: string | null;
  created_at: string;
  rolled_at: string | null;
  deleted_at: string | null;
  [key: string]: unknown;
}

export interface NewSigningKey extends SigningKey {
  private_key_pem: string;
  private_key_base64: string;
}
