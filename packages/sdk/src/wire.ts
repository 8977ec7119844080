import type { Operations } from "./generated/operations.gen.ts";

/* The shapes of the wire that callers write. Replies come from the server's own definitions (`Reply`). */

/** What an operation of the HTTP API replies. */
export type Reply<Id extends keyof Operations> = Operations[Id]["reply"];
/** What one takes as its body. */
export type Body<Id extends keyof Operations> = Operations[Id]["body"];
/** What one takes as its query; numbers, flags and dates are written out. */
export type QueryFor<Id extends keyof Operations> = {
  [Name in keyof Operations[Id]["query"] as Name extends `${string}[]` ? never : Name]?:
    | Loose<NonNullable<Operations[Id]["query"][Name]>>
    | undefined;
};
type Loose<Value> = string extends Value ? Value | number | boolean | Date : Value;
/** One item of a list that an operation replies. */
export type ItemOf<Id extends keyof Operations> = Operations[Id]["reply"] extends { results: (infer Item)[] }
  ? Item
  : never;

export type Channel =
  | "email"
  | "sms"
  | "whatsapp"
  | "inbox"
  | "androidpush"
  | "iospush"
  | "webpush"
  | "slack"
  | "ms_teams";

export type PushToken = string | { token: string; provider?: string; device_id?: string; bundle_id?: string };

/** A browser's PushSubscription. */
export interface WebPushSubscription {
  endpoint: string;
  keys: { p256dh: string; auth: string };
  expirationTime?: number | null;
}

export type SlackAddress =
  | { email: string; access_token: string }
  | { user_id: string; access_token: string }
  | { channel: string; access_token: string }
  | { channel_id: string; access_token: string }
  | { incoming_webhook: { url: string } };

export type TeamsAddress =
  | { tenant_id: string; service_url?: string; conversation_id: string }
  | { tenant_id: string; service_url?: string; user_id: string }
  | { incoming_webhook: { url: string } };

type Some<Address> = Address | Address[];

/** Addresses, language and time zone. All other keys of a profile are properties. */
export interface Addresses {
  $email?: Some<string>;
  $sms?: Some<string>;
  $whatsapp?: Some<string>;
  $inbox?: Some<string>;
  $androidpush?: Some<PushToken>;
  $iospush?: Some<PushToken>;
  $webpush?: Some<WebPushSubscription>;
  $slack?: Some<SlackAddress>;
  $ms_teams?: Some<TeamsAddress>;
  /** IANA: `America/New_York`. */
  $timezone?: string;
  /** `en_GB`. */
  $locale?: string;
  /** ISO 639-1: `en`. */
  $preferred_language?: string;
}

/** A profile as it is written: addresses and properties. */
export interface Profile extends Addresses {
  [property: string]: unknown;
}

interface RecipientControls extends Profile {
  /** Only these, for this run. */
  $channels?: Channel[];
  /** Do not create the profile if it is missing. */
  $skip_create?: boolean;
  /** The profile given belongs to the tenant's profile of the person. */
  $context?: { tenant_id?: string };
}

/** A user with a profile, which is stored. */
export interface UserRecipient extends RecipientControls {
  distinct_id: string;
}

/** Somebody who is reached at the addresses given and never stored. */
export interface TransientRecipient extends RecipientControls {
  is_transient: true;
}

/** An object, which is notified with its subscribers. */
export interface ObjectRecipient extends RecipientControls {
  object_type: string;
  id: string;
  /** 0: none of its subscribers; 1: the direct ones; 2, the default: those of its children too. */
  $object_subscriptions_query?: { depth: 0 | 1 | 2 };
}

/** Whom a trigger is for: a `distinct_id`, or one with a profile. */
export type Recipient = string | UserRecipient | TransientRecipient | ObjectRecipient;

/** One step of an edit: each element has one operator or several; they apply in order. */
export interface EditOperation {
  $set?: Profile;
  $set_once?: Record<string, unknown>;
  $add?: Record<string, number>;
  $increment?: Record<string, number>;
  $append?: Record<string, unknown>;
  $remove?: Record<string, unknown>;
  $unset?: string[];
}

export type User = Reply<"hubUserGet">;
export type TenantUser = Reply<"hubUserTenantGet">;
export type Tenant = Reply<"hubTenantGet">;

/** An object, with its addresses under `$email` … like a user's. */
export type ObjectView = Reply<"hubObjectGet">;
/** Who is subscribed to an object: a user, or a child object. */
export type Subscription = ItemOf<"hubObjectSubscriptionList">;
/** An object that somebody is subscribed to, with the properties of the subscription. */
export type ObjectSubscribedTo = ItemOf<"hubObjectSubscribedTo">;

export type ListView = Reply<"hubSubscriberListGet">;
/** How many were really added or removed. */
export type Membership = Reply<"hubSubscriberListAddUsers">;

/** What somebody chose of a category, and what it means. */
export type CategoryPreference = Reply<"hubUserPreferenceGetCategory">;
/** A channel, and whether only what must be sent is sent on it. */
export type ChannelPreference = FullPreference["channel_preferences"][number];
export type FullPreference = Reply<"hubUserPreferenceGet">;
/** What somebody chooses of a category. It replaces an earlier choice. */
export type CategoryChoice = Body<"hubUserPreferenceEditCategory">;
export type NamedChoice = NonNullable<Body<"hubUserPreferenceEdit">["categories"]>[number];

/** What a tenant makes of a category. */
export type TenantCategory = Reply<"hubTenantPreferenceGetCategory">;
/** Null goes back to the category's; what is absent stays. */
export type TenantCategoryChange = Body<"hubTenantPreferenceEditCategory">;
export type TenantPreference = Reply<"hubTenantPreferenceGet">;

/** What can be done to a message from outside. */
export type MessageAction = Body<"hubMessageBulkUpdate">["messages"][number]["action"];
export type MessageUpdate = Reply<"hubMessageBulkUpdate">["records"][number];

/** A root category as its author writes it, with its sections and their categories: what is absent is the default. */
export type RootCategory = Body<"managementPreferenceCategorySave">["root_categories"][number];
export type CategoryDocument = Reply<"managementPreferenceCategoryGet">;
/** Names and descriptions in one language; null where there is none. */
export type CategoryTranslation = Reply<"managementPreferenceCategoryTranslationGet">;

export type WorkspaceView = ItemOf<"accountWorkspaceList">;
export type ApiKey = ItemOf<"managementApiKeyList">;
/** Its `api_key` is what clients send, and no secret. */
export type PublicKey = ItemOf<"managementPublicKeyList">;
/** Its `uid` is what paths take. */
export type SigningKey = ItemOf<"managementSigningKeyList">;
export type NewSigningKey = Reply<"managementSigningKeyCreate">;

/** A page of a list that is counted off. */
export interface OffsetQuery {
  limit?: number;
  offset?: number;
}

/** A page of a list that is read by cursors, which `page().meta` has. */
export interface CursorQuery {
  limit?: number;
  after?: string;
  before?: string;
}
