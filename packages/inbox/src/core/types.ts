/**
 * The public types of the headless inbox. What the server sends keeps the names that it has on the wire
 * (`created_on`, `is_pinned`); times are epoch milliseconds everywhere.
 */

/* Options */

export interface InboxOptions {
  /** Origin of the Carillon server, with a path prefix where it has one: `https://notify.example.com`. */
  host: string;
  /** The workspace's public key. */
  publicKey: string;
  /** The user whose inbox it is. */
  distinctId: string;
  /** Default `default`. */
  tenantId?: string;
  /**
   * Gives a fresh user token (ES256). Called once before the first request, again 30 s before the token expires and
   * when the server refuses it; calls made meanwhile share the one under way. Leave it out where the workspace has no
   * enhanced security.
   */
  token?: () => Promise<string>;
  /** The lists to keep, at most 20. Default: one, `all`, of everything that is not archived. */
  stores?: readonly Store[];
  /** Items per page, 1 to 100. Default 20. */
  pageSize?: number;
  /** Language of preference texts, BCP 47. Default: the browser's. */
  locale?: string;
  /**
   * `indexeddb` keeps the last 100 items and what is not sent yet on the device: the inbox opens offline, and a reload
   * loses nothing. Cleared when another identity opens an inbox on this origin, and by `clear()`. Default `none`.
   */
  persist?: "none" | "indexeddb";
  /** `auto` streams, and polls where streams do not get through; `poll` never streams. Default `auto`. */
  realtime?: "auto" | "poll";
  /** Milliseconds between two polls. Default 15,000. */
  pollInterval?: number;
  /** False: this page has a connection of its own even where tabs could share one. Default true. */
  shareTabs?: boolean;
  /** Where the number of new items is shown. Default: nowhere. */
  badgeTargets?: readonly BadgeTarget[];
  /** What is heard when items arrive, once it is switched on: a URL, or a function. Default: a short chime. */
  sound?: string | (() => void);
  toasts?: ToastOptions;
  preferences?: PreferenceOptions;
  /** Where it is given, even empty, `start()` asks the browser how its web push stands. */
  push?: PushOptions;
  /** Default: the page's `fetch`. */
  fetch?: typeof fetch;
}

/** A list of items: those that have all that its query names. */
export interface Store {
  /** Letters, digits, `_` and `-`; not `badge` or `status`. */
  id: string;
  /** What people see; never sent. */
  label?: string;
  query?: StoreQuery;
}

export interface StoreQuery {
  /** Absent: both. */
  read?: boolean;
  /** True: only what is archived. Absent or false: only what is not. */
  archived?: boolean;
  /** Any of them. Absent or empty: any tags. */
  tags?: readonly string[];
  /** Any of them. Absent or empty: any category. */
  categories?: readonly string[];
}

export type BadgeTarget = "title" | "favicon" | "app";

export interface ToastOptions {
  /** Shown at once; the rest waits. Default 3. */
  max?: number;
  /** Milliseconds that a toast stays; 0: until it is dismissed. Default 6,000. */
  duration?: number;
}

export interface PreferenceOptions {
  /** Whether categories that are opted out of still list their channels. Default true. */
  showOptOutChannels?: boolean;
  /** Only categories with these tags: one tag, or a condition of `and`, `or`, `not` and `exists`. */
  tags?: string | Record<string, unknown>;
}

export interface PushOptions {
  /** The workspace's VAPID public key, base64url. Default: asked of the server. */
  vapidKey?: string;
  /**
   * Path of the service worker on this origin: the one that the package ships, or the page's own. Default
   * `/serviceworker.js`.
   */
  serviceWorker?: string;
}

/* Items */

export interface Item {
  n_id: string;
  n_category: string;
  tenant_id?: string;
  created_on: number;
  seen_on: number | null;
  read_on: number | null;
  interacted_on: number | null;
  /** What is snoozed is archived too: `snoozed_until` tells them apart. */
  archived: boolean;
  tags: readonly string[];
  /** Hidden from then on; null: never. */
  expiry: number | null;
  is_expiry_visible: boolean;
  is_pinned: boolean;
  can_user_unpin?: boolean;
  message: ItemMessage;
  /** Which change of the feed made the item what it is; grows with each. */
  seq: number;
  /** Out of sight until then. */
  snoozed_until: number | null;
  /** Items with the same one may be shown as a stack. */
  collapse_key: string | null;
}

export interface ItemMessage {
  schema: string;
  /** Markdown: see `parseMarkdown`. */
  text: string;
  header?: string;
  url?: string;
  open_in_new_tab?: boolean;
  /** A JSON text of whatever the template put there. */
  extra_data?: string;
  actions?: readonly ItemLink[];
  avatar?: { avatar_url: string; action_url?: string };
  subtext?: { text: string; action_url?: string };
}

export interface ItemLink {
  name: string;
  url: string;
  open_in_new_tab?: boolean;
}

/* State */

/** Never changed in place: a part that is the same object has not changed. */
export interface InboxState {
  /** By the store's id. */
  readonly stores: Readonly<Record<string, StoreState>>;
  /** Items that arrived since the bell was last opened. */
  readonly badge: number;
  readonly connection: Connection;
  /** Edits that the server has not confirmed. */
  readonly pending: number;
  /** Why the last request failed; null once one works again. */
  readonly error: InboxFailure | null;
}

export interface StoreState {
  /** Pinned ones first, then the newest first. */
  readonly items: readonly Item[];
  /** `idle`: not asked for yet. `loading`: the first page is under way. `more`: a further one is. */
  readonly status: "idle" | "loading" | "ready" | "more" | "error";
  readonly hasMore: boolean;
  /** Unread items, loaded or not. */
  readonly unread: number;
}

/** `live`: changes arrive as they happen. `polling`: within the poll interval. `offline`: not at present. */
export type Connection = "live" | "polling" | "offline";

export interface InboxFailure {
  /** The server's error type (`token_invalid`), or `network` where no answer came, `token` where `token()` failed. */
  readonly code: string;
  readonly message: string;
  /** Of the HTTP answer; 0 without one. */
  readonly status: number;
}

/* Actions */

/** What was done, which shows at once. */
export interface Action {
  /** Settles with the server's answer, however long that takes; never rejects. */
  readonly done: Promise<Settlement>;
  /** Puts back what this action changed and nothing else. The second call does nothing. */
  undo: () => void;
}

export type Settlement =
  | { readonly status: "done" }
  | { readonly status: "undone" }
  /** The server refused: what it changed is rolled back, the `error` event has been raised. */
  | { readonly status: "refused"; readonly error: InboxFailure };

export type ActionName =
  | "seen"
  | "read"
  | "unread"
  | "interacted"
  | "archive"
  | "unarchive"
  | "pin"
  | "unpin"
  | "snooze"
  | "unsnooze"
  | "read_all"
  | "archive_all"
  | "opened";

/* Events */

export interface InboxEvents {
  /** Just delivered, or back from a snooze; newest first. Once for each item, in each tab. */
  new: { items: readonly Item[] };
  /** Changed, here or elsewhere, and confirmed by the server. */
  updated: { items: readonly Item[] };
  /** Done in this tab. `ids` is empty where it was done to a whole store or to the bell. */
  action: { action: ActionName; ids: readonly string[]; store?: string; label?: string };
  /** An edit was refused and rolled back, or a request failed for good. */
  error: InboxFailure & { readonly action?: ActionName; readonly ids?: readonly string[] };
}

export type Unsubscribe = () => void;

/* The inbox */

export interface Inbox {
  readonly options: Readonly<InboxOptions>;
  /** The stores that it keeps, in the order given. */
  readonly stores: readonly Store[];
  /** Connects and loads the first store. A second call changes nothing. To be called in the browser alone. */
  start: () => void;
  /** Disconnects and lets go of every listener and timer. `start()` goes on from where it was. */
  stop: () => void;
  /**
   * Stops, deletes what is stored on this device, and takes back this browser's web push where it is on: for a logout.
   * Edits that are not sent are lost. Never rejects.
   */
  clear: () => Promise<void>;

  getState: () => InboxState;
  /** Calls after each change of the state. */
  subscribe: (listener: () => void) => Unsubscribe;
  on: <K extends keyof InboxEvents>(event: K, listener: (detail: InboxEvents[K]) => void) => Unsubscribe;

  /** Loads the store's first page, or its next one. A call made while one is under way is that one. Never rejects. */
  more: (store?: string) => Promise<void>;
  /** Asks for what has changed now instead of waiting for it. Never rejects. */
  refresh: () => Promise<void>;

  read: (id: string) => Action;
  unread: (id: string) => Action;
  archive: (id: string) => Action;
  unarchive: (id: string) => Action;
  pin: (id: string) => Action;
  unpin: (id: string) => Action;
  /** Out of sight until then; it comes back unread and as new. */
  snooze: (id: string, until: Date | number) => Action;
  unsnooze: (id: string) => Action;
  /** It was clicked: the whole item, or the button of that name. It is read by that. */
  interacted: (id: string, label?: string) => Action;
  /** Of one store, or of the whole inbox. */
  readAll: (store?: string) => Action;
  archiveAll: (store?: string) => Action;
  /** The bell was opened: the badge is zero. */
  opened: () => Action;
  /** They were on the screen. Ids that are seen already cost nothing. */
  seen: (ids: readonly string[]) => Action;

  readonly toasts: Toasts;
  readonly sound: Sound;
  readonly preferences: Preferences;
  readonly push: Push;
}

/* Toasts and sound */

export interface Toast {
  /** The item's id. */
  readonly id: string;
  readonly item: Item;
}

export interface Toasts {
  /** Those to show now, oldest first. */
  getState: () => readonly Toast[];
  onChange: (listener: () => void) => Unsubscribe;
  dismiss: (id: string) => void;
  /** While the pointer or the focus is on them, none goes. */
  pause: () => void;
  resume: () => void;
}

export interface Sound {
  /** Whether it is on; kept for this origin. Off until someone switches it on. */
  getState: () => boolean;
  onChange: (listener: () => void) => Unsubscribe;
  /** To be called in the handler of a click or a key: browsers let no page sound before one. */
  set: (on: boolean) => void;
}

/* Preferences */

export interface Preferences {
  getState: () => PreferencesState;
  onChange: (listener: () => void) => Unsubscribe;
  /** Loads them, or loads them again. Never rejects: the state has the failure. */
  get: () => Promise<PreferencesState>;
  /**
   * Changes a category at once; sent half a second after the last change of it. `channels` names those to change.
   * Rolled back if the server refuses; refused at once where the category is not known or not editable.
   */
  set: (category: string, change: CategoryChange) => Action;
  /** Whether a channel is used for what is required alone. */
  setChannel: (channel: string, change: { is_restricted: boolean }) => Action;
  /** Sends what still waits. */
  flush: () => Promise<void>;
}

export interface PreferencesState {
  readonly status: "idle" | "loading" | "ready" | "error";
  readonly sections: readonly PreferenceSection[];
  readonly channel_preferences: readonly ChannelPreference[];
  /** Categories (`category:<slug>`) and channels (`channel:<name>`) whose change is not confirmed. */
  readonly pending: readonly string[];
  readonly error: InboxFailure | null;
}

export type Choice = "opt_in" | "opt_out";

export interface CategoryChange {
  preference?: Choice;
  channels?: Readonly<Record<string, Choice>>;
  digest_schedule?: { id: string; [setting: string]: unknown };
  properties?: readonly { key: string; value: unknown }[];
}

export interface PreferenceSection {
  /** Null for categories without a section. */
  readonly name: string | null;
  readonly description?: string | null;
  readonly subcategories: readonly PreferenceCategory[];
}

export interface PreferenceCategory {
  readonly name: string;
  /** The slug. */
  readonly category: string;
  readonly description?: string | null;
  readonly preference: Choice;
  readonly is_editable: boolean;
  readonly channels: readonly PreferenceChannel[] | null;
  readonly digest_schedule?: unknown;
  readonly properties?: unknown;
}

export interface PreferenceChannel {
  readonly channel: string;
  readonly preference: Choice;
  readonly is_editable: boolean;
}

export interface ChannelPreference {
  readonly channel: string;
  readonly is_restricted: boolean;
}

/* Web push */

/** Of this user in this browser. `unsupported`: it has none, or was not asked yet. `denied`: the user said no. */
export type PushState = "unsupported" | "denied" | "off" | "on";

export interface Push {
  getState: () => PushState;
  onChange: (listener: () => void) => Unsubscribe;
  /**
   * Registers the service worker, asks for permission and hands the subscription to the server. To be called in the
   * handler of a click. Rejects with an `InboxFailure` where it fails; a permission denied is the state `denied`.
   */
  subscribe: () => Promise<PushState>;
  unsubscribe: () => Promise<PushState>;
}

/* Markdown */

/** A text of an item, parsed: whatever was in it, there is nothing here that a browser runs. */
export type MarkdownBlock =
  | { readonly type: "paragraph"; readonly children: readonly MarkdownInline[] }
  | { readonly type: "heading"; readonly level: 1 | 2 | 3; readonly children: readonly MarkdownInline[] }
  | { readonly type: "quote"; readonly children: readonly MarkdownBlock[] }
  | {
      readonly type: "list";
      /** The first number; null for bullets. */
      readonly start: number | null;
      readonly items: readonly (readonly MarkdownInline[])[];
    }
  | { readonly type: "code"; readonly text: string }
  | { readonly type: "rule" };

export type MarkdownInline =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "strong" | "em" | "del"; readonly children: readonly MarkdownInline[] }
  | { readonly type: "code"; readonly text: string }
  | { readonly type: "break" }
  /** `href` is http, https, mailto or relative. */
  | { readonly type: "link"; readonly href: string; readonly children: readonly MarkdownInline[] };
