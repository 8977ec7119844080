/** The nine delivery channels, by their wire names. */
export const CHANNELS = [
  "email",
  "sms",
  "whatsapp",
  "inbox",
  "androidpush",
  "iospush",
  "webpush",
  "slack",
  "ms_teams",
] as const;

export type Channel = (typeof CHANNELS)[number];

/** What the log of messages has besides: calls of webhook nodes are rows of it too. */
export const LOGGED_CHANNELS = [...CHANNELS, "webhook"] as const;

export function isChannel(value: unknown): value is Channel {
  return typeof value === "string" && (CHANNELS as readonly string[]).includes(value);
}

/**
 * Everything the server knows about a channel, except how its addresses are parsed and its content is rendered, which
 * is in `channels/<channel>.ts`. A new channel does not compile until its line is complete; one with `push` or
 * `names_people` also needs a migration of the index named there.
 */
export interface ChannelTraits {
  /** Display name. */
  label: string;
  /** The order of smart routing where no prices decide: the lowest goes first. */
  cost_rank: number;
  /**
   * True for Carillon's own inbox: every stored user has an address on it, which no edit removes; a message is
   * delivered by being stored, so it costs nothing and test mode need not hold it back.
   */
  is_ours: boolean;
  /**
   * How an app or a browser on a device is addressed: a provider's `token` or a whole `subscription`. A device has one
   * active owner, and the oldest of too many devices is dropped. Null where people are addressed. Index:
   * `identity_push_token`.
   */
  push: "token" | "subscription" | null;
  /** The `id_provider`s of its addresses, the default first; empty where a channel has none. */
  providers: readonly string[];
  /** An address written as plain text names the people who have it, as in a cancel. Index: `identity_address`. */
  names_people: boolean;
  /** Under which name templates print a person's address on it; null: under none. */
  printed_as: "email" | "phone" | null;
  /** How many days a hard bounce deactivates an address (documented for e-mail and WhatsApp); null: for good. */
  bounce_days: number | null;
  /**
   * Whether a message that was perhaps sent may be sent again. `always`: the receiver folds a duplicate (Message-ID,
   * collapse key, our own inbox). `not_campaigns`: a duplicate is money and noise, but a one-time password that never
   * arrives is worse, so only the promotional lane goes without.
   */
  repeat_ambiguous: "always" | "not_campaigns";
  /** Vendors report the result of a message later; otherwise accepted counts as delivered. */
  has_receipts: boolean;
  /** A message carries the payload's attachments. */
  carries_files: boolean;
  /** The fields of its content that send copies to further addresses. */
  copy_fields: readonly string[];
  /**
   * Whether a vendor approves content before it may be sent: always, or for variants that ask for it (the texts that
   * Indian operators register).
   */
  approval: "always" | "if_asked" | "never";
  /** What can be said to have happened to its messages, by a call that reports it. */
  actions: readonly MessageAction[];
}

export const MESSAGE_ACTIONS = [
  "seen",
  "clicked",
  "dismissed",
  "read",
  "unread",
  "archived",
  "unarchived",
] as const;

export type MessageAction = (typeof MESSAGE_ACTIONS)[number];

const TEXT: Omit<ChannelTraits, "label" | "cost_rank" | "bounce_days" | "approval" | "actions"> = {
  is_ours: false,
  push: null,
  providers: [],
  names_people: true,
  printed_as: "phone",
  repeat_ambiguous: "not_campaigns",
  has_receipts: true,
  carries_files: false,
  copy_fields: [],
};

const PUSH: Omit<ChannelTraits, "label" | "cost_rank" | "push" | "providers"> = {
  is_ours: false,
  names_people: false,
  printed_as: null,
  bounce_days: null,
  repeat_ambiguous: "always",
  has_receipts: true,
  carries_files: false,
  copy_fields: [],
  approval: "never",
  actions: ["seen", "clicked", "dismissed"],
};

const CHAT: Omit<ChannelTraits, "label" | "cost_rank"> = {
  is_ours: false,
  push: null,
  providers: [],
  names_people: false,
  printed_as: null,
  bounce_days: null,
  repeat_ambiguous: "not_campaigns",
  has_receipts: false,
  carries_files: false,
  copy_fields: [],
  approval: "never",
  actions: [],
};

export const CHANNEL_TRAITS: Readonly<Record<Channel, ChannelTraits>> = {
  inbox: {
    label: "Inbox",
    cost_rank: 1,
    is_ours: true,
    push: null,
    providers: ["suprsend"],
    names_people: false,
    printed_as: null,
    bounce_days: null,
    repeat_ambiguous: "always",
    has_receipts: false,
    carries_files: false,
    copy_fields: [],
    approval: "never",
    actions: ["seen", "clicked", "read", "unread", "archived", "unarchived"],
  },
  slack: { label: "Slack", cost_rank: 2, ...CHAT },
  ms_teams: { label: "Microsoft Teams", cost_rank: 3, ...CHAT },
  webpush: { label: "Web push", cost_rank: 4, ...PUSH, push: "subscription", providers: ["vapid"] },
  androidpush: {
    label: "Android push",
    cost_rank: 5,
    ...PUSH,
    push: "token",
    providers: ["fcm", "xiaomi", "oppo"],
  },
  iospush: { label: "iOS push", cost_rank: 6, ...PUSH, push: "token", providers: ["apns"] },
  email: {
    label: "Email",
    cost_rank: 7,
    is_ours: false,
    push: null,
    providers: [],
    names_people: true,
    printed_as: "email",
    bounce_days: 90,
    repeat_ambiguous: "always",
    has_receipts: true,
    carries_files: true,
    copy_fields: ["extra_to", "cc", "bcc"],
    approval: "never",
    actions: ["seen", "clicked"],
  },
  whatsapp: {
    label: "WhatsApp",
    cost_rank: 8,
    ...TEXT,
    bounce_days: 15,
    approval: "always",
    actions: ["seen"],
  },
  sms: { label: "SMS", cost_rank: 9, ...TEXT, bounce_days: null, approval: "if_asked", actions: [] },
};

export function isPush(channel: Channel): boolean {
  return CHANNEL_TRAITS[channel].push !== null;
}

export function isOurs(channel: Channel): boolean {
  return CHANNEL_TRAITS[channel].is_ours;
}

/** The provider of an address that names none; blank where a channel has no providers. */
export function defaultProvider(channel: Channel): string {
  return CHANNEL_TRAITS[channel].providers[0] ?? "";
}

/** The key of a channel's addresses in profiles and triggers: `$email`. */
export function channelKey(channel: Channel): `$${Channel}` {
  return `$${channel}`;
}

const CHANNEL_OF_KEY: ReadonlyMap<string, Channel> = new Map(
  CHANNELS.map((channel) => [channelKey(channel), channel]),
);

/** The channel for a key such as `$email`. */
export function channelOfKey(key: string): Channel | undefined {
  return CHANNEL_OF_KEY.get(key);
}
