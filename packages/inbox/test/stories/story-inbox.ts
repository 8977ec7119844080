import type {
  Action,
  Connection,
  Inbox,
  InboxEvents,
  InboxState,
  Item,
  Preferences,
  PreferencesState,
  Settlement,
  Store,
  StoreState,
  Toast,
} from "../../src/core/types.ts";

export interface StoryOptions {
  items?: readonly Item[];
  stores?: readonly Store[];
  status?: StoreState["status"];
  connection?: Connection;
  badge?: number;
  toasts?: readonly Item[];
  preferences?: Partial<PreferencesState>;
  /** What the server answers to edits. */
  answer?: Settlement["status"];
  locale?: string;
}

export interface StoryInbox extends Inbox {
  /** As if it had just been delivered. */
  arrive(...items: Item[]): void;
  /** As if another device had archived it. */
  vanish(id: string): void;
  /** The names of the methods called, with their arguments. */
  calls: string[];
}

/** An inbox whose state is made by a story: it does to its items what it is asked, and there is no server. */
export function createStoryInbox(options: StoryOptions = {}): StoryInbox {
  const stores = options.stores ?? [{ id: "all", label: "All" }];
  let items = [...(options.items ?? [])];
  let badge = options.badge ?? items.filter(({ seen_on }) => seen_on === null).length;
  let toasts: Toast[] = (options.toasts ?? []).map((item) => ({ id: item.n_id, item }));
  let isSoundOn = false;
  let preferences: PreferencesState = {
    status: "ready",
    sections: [],
    channel_preferences: [],
    pending: [],
    error: null,
    ...options.preferences,
  };
  const listeners = new Set<() => void>();
  const handlers = new Map<string, Set<(detail: never) => void>>();
  const calls: string[] = [];
  let state = derive();

  function derive(): InboxState {
    const shown = Object.fromEntries(
      stores.map(({ id, query = {} }): [string, StoreState] => {
        const isIn = (item: Item) =>
          item.archived === (query.archived ?? false) &&
          (item.snoozed_until === null || query.archived === true) &&
          (query.read === undefined || (item.read_on !== null) === query.read);
        const inStore = items
          .filter(isIn)
          .sort((a, b) => Number(b.is_pinned) - Number(a.is_pinned) || b.created_on - a.created_on);
        const status = options.status ?? "ready";
        const isEmpty = status === "loading" || status === "error";
        return [
          id,
          {
            items: isEmpty ? [] : inStore,
            status,
            hasMore: false,
            unread: inStore.filter(({ read_on }) => read_on === null).length,
          },
        ];
      }),
    );
    return { stores: shown, badge, connection: options.connection ?? "live", pending: 0, error: null };
  }
  function changed(): void {
    state = derive();
    for (const listener of listeners) listener();
  }
  function emit<K extends keyof InboxEvents>(event: K, detail: InboxEvents[K]): void {
    for (const handler of handlers.get(event) ?? []) handler(detail as never);
  }
  function edit(name: string, ids: readonly string[] | null, change: Partial<Item>): Action {
    calls.push([name, ...(ids ?? [])].join(" "));
    const before = items;
    items = items.map((item) => (ids === null || ids.includes(item.n_id) ? { ...item, ...change } : item));
    changed();
    const undo = () => {
      calls.push(`undo ${name}`);
      items = before;
      changed();
    };
    const answer = options.answer ?? "done";
    const error = { code: "forbidden", message: "not allowed", status: 403 };
    if (answer === "refused") {
      items = before;
      changed();
      emit("error", { ...error, action: "archive", ids: ids ?? [] });
    }
    const settlement: Settlement = answer === "refused" ? { status: answer, error } : { status: answer };
    return { done: Promise.resolve(settlement), undo };
  }
  const now = () => Date.now();
  const one = (name: string, change: () => Partial<Item>) => (id: string) => edit(name, [id], change());

  const preferenceListeners = new Set<() => void>();
  function prefer(next: Partial<PreferencesState>): Action {
    const before = preferences;
    preferences = { ...preferences, ...next };
    for (const listener of preferenceListeners) listener();
    return {
      done: Promise.resolve({ status: "done" }),
      undo: () => void prefer(before),
    };
  }
  const ownPreferences: Preferences = {
    getState: () => preferences,
    onChange: (listener) => subscribe(preferenceListeners, listener),
    get: () => Promise.resolve(preferences),
    set: (slug, { preference, channels = {} }) => {
      calls.push(`set ${slug} ${preference ?? ""}${JSON.stringify(channels)}`);
      return prefer({
        sections: preferences.sections.map((section) => ({
          ...section,
          subcategories: section.subcategories.map((category) =>
            category.category === slug
              ? {
                  ...category,
                  preference: preference ?? category.preference,
                  channels: (category.channels ?? []).map((channel) => ({
                    ...channel,
                    preference: channels[channel.channel] ?? preference ?? channel.preference,
                  })),
                }
              : category,
          ),
        })),
      });
    },
    setChannel: (name, change) => {
      calls.push(`setChannel ${name} ${change.is_restricted}`);
      return prefer({
        channel_preferences: preferences.channel_preferences.map((channel) =>
          channel.channel === name ? { ...channel, ...change } : channel,
        ),
      });
    },
    flush: () => Promise.resolve(),
  };

  return {
    options: {
      host: "",
      publicKey: "",
      distinctId: "ada",
      ...(options.locale && { locale: options.locale }),
    },
    stores,
    calls,
    start: () => {},
    stop: () => {},
    clear: () => Promise.resolve(),
    getState: () => state,
    subscribe: (listener) => subscribe(listeners, listener),
    on(event, listener) {
      const all = handlers.get(event) ?? new Set();
      handlers.set(event, all);
      all.add(listener);
      return () => void all.delete(listener);
    },
    more: () => Promise.resolve(),
    refresh: () => Promise.resolve(),
    read: one("read", () => ({ read_on: now(), seen_on: now() })),
    unread: one("unread", () => ({ read_on: null })),
    archive: one("archive", () => ({ archived: true })),
    unarchive: one("unarchive", () => ({ archived: false })),
    pin: one("pin", () => ({ is_pinned: true })),
    unpin: one("unpin", () => ({ is_pinned: false })),
    snooze: (id, until) => edit("snooze", [id], { snoozed_until: Number(until) }),
    unsnooze: one("unsnooze", () => ({ snoozed_until: null })),
    interacted: (id, label) => {
      const action = edit("interacted", [id], { interacted_on: now(), read_on: now(), seen_on: now() });
      if (label !== undefined) calls.push(`label ${label}`);
      return action;
    },
    readAll: () => edit("readAll", null, { read_on: now(), seen_on: now() }),
    archiveAll: () => edit("archiveAll", null, { archived: true }),
    opened: () => {
      badge = 0;
      return edit("opened", [], {});
    },
    seen: (ids) => edit("seen", ids, { seen_on: now() }),
    arrive(...fresh) {
      items = [...fresh, ...items];
      badge += fresh.length;
      toasts = [...toasts, ...fresh.map((item) => ({ id: item.n_id, item }))].slice(-3);
      changed();
      emit("new", { items: fresh });
    },
    vanish: (id) => {
      items = items.filter((item) => item.n_id !== id);
      changed();
    },
    toasts: {
      getState: () => toasts,
      onChange: (listener) => subscribe(listeners, listener),
      dismiss(id) {
        toasts = toasts.filter((toast) => toast.id !== id);
        changed();
      },
      pause: () => {},
      resume: () => {},
    },
    sound: {
      getState: () => isSoundOn,
      onChange: (listener) => subscribe(listeners, listener),
      set(on) {
        isSoundOn = on;
        changed();
      },
    },
    preferences: ownPreferences,
    push: {
      getState: () => "unsupported",
      onChange: () => () => {},
      subscribe: () => Promise.resolve("unsupported"),
      unsubscribe: () => Promise.resolve("unsupported"),
    },
  };
}

function subscribe(listeners: Set<() => void>, listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
