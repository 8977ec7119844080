import { createActions } from "./actions.ts";
import { createConnection } from "./connection.ts";
import { plainFailure, toFailure } from "./failure.ts";
import { createFeedApi } from "./feed-api.ts";
import { type Edit, matches } from "./item.ts";
import { type Counts, createModel, type Message, type Page, reduce } from "./model.ts";
import { readOptions } from "./options.ts";
import { createOutbox } from "./outbox.ts";
import { createPreferences } from "./preferences.ts";
import { createPush } from "./push.ts";
import { createRest } from "./rest.ts";
import { createListeners, type Listeners } from "./signals.ts";
import { createSound } from "./sound.ts";
import type { Kept, Storage } from "./storage.ts";
import { joinTabs, type TabMessage, type Tabs } from "./tabs.ts";
import { createToasts } from "./toasts.ts";
import { createTokens } from "./token.ts";
import type {
  ActionName,
  Inbox,
  InboxEvents,
  InboxFailure,
  InboxOptions,
  Item,
  Settlement,
  Store,
} from "./types.ts";
import { createView } from "./view.ts";

const DEFAULT_PAGE = 20;
const MOST_IN_PAGE = 100;
const POLL_EVERY = 15_000;
/** A change that the server confirmed and that does not come by the stream is asked for. */
const LATE_AFTER = 3_000;
/** The last moment for timers. */
const FAR = 2 ** 31 - 1;

/**
 * The inbox of one user. Nothing happens before `start()`, so that it may be made on a server or at import.
 * Throws a TypeError where an option is wrong.
 */
export function createInbox(options: InboxOptions): Inbox {
  const stores = readOptions(options);
  const size = options.pageSize ?? DEFAULT_PAGE;
  const who = { distinct_id: options.distinctId, tenant_id: options.tenantId ?? "default" };
  const identity = JSON.stringify([options.host, options.publicKey, who.distinct_id, who.tenant_id]);
  const tokens = createTokens(options.token);
  const rest = createRest({ ...options, tokens, fetch: options.fetch });
  const api = createFeedApi(rest, who, stores);

  const view = createView();
  const changed = createListeners<void>();
  const events: { [K in keyof InboxEvents]: Listeners<InboxEvents[K]> } = {
    new: createListeners(),
    updated: createListeners(),
    action: createListeners(),
    error: createListeners(),
  };
  const toasts = createToasts(options.toasts);
  const sound = createSound(options.sound);
  let storage: Storage | null = null;

  let model = createModel(stores, Date.now());
  let life: AbortController | null = null;
  let tabs: Tabs | null = null;
  let saving: ReturnType<typeof setTimeout> | undefined;
  let expiring: ReturnType<typeof setTimeout> | undefined;
  let setBadge: (count: number) => void = () => {};
  /** Counts the times that everything was loaded anew: what was asked for before is of no use then. */
  let epoch = 0;
  /** The last change that the leader spoke of. */
  let heard = 0;
  const loading = new Map<string, Promise<void>>();
  /** How edits ended, for tabs that send one again. */
  const ended = new Map<string, TabMessage>();

  const itemOf = (id: string) => view.itemOf(model, id);
  const isLeader = () => tabs?.isLeader() === true;
  const post = (message: TabMessage) => tabs?.post(message);

  function dispatch(message: Message): void {
    const before = view.stateOf(model);
    const { items } = model;
    model = reduce(model, message);
    const state = view.stateOf(model);
    if (model.items !== items) watchExpiry();
    if (message.type !== "connection" && message.type !== "failure") saveSoon();
    if (state === before) return;
    toasts.review(itemOf);
    setBadge(state.badge);
    changed.call();
  }

  function fail(failure: InboxFailure, about: { action?: ActionName; ids?: readonly string[] } = {}): void {
    dispatch({ type: "failure", failure: plainFailure(failure) });
    events.error.call({ ...plainFailure(failure), ...about });
  }

  /* What the server says */

  function learn(seq: number, items: readonly Item[], counts?: Counts, fresh?: readonly string[]): void {
    const { items: known } = model;
    const newest = Math.max(0, ...Array.from(known.values(), ({ created_on }) => created_on));
    const arrived = items.filter(
      (item) =>
        known.get(item.n_id)?.created_on !== item.created_on &&
        (fresh === undefined ? item.created_on > newest : fresh.includes(item.n_id)) &&
        matches(item, { read: false }, Date.now()),
    );
    const updated = items.filter(({ n_id, seq }) => seq > (known.get(n_id)?.seq ?? Infinity));
    actions.meet(
      items.filter(({ n_id }) => !known.has(n_id)),
      seq,
    );
    dispatch({ type: "changes", seq, items, counts });
    const seen = (list: readonly Item[]) => list.map((item) => itemOf(item.n_id) ?? item);
    if (updated.length > 0) events.updated.call({ items: seen(updated) });
    if (arrived.length === 0) return;
    const sorted = seen(arrived).sort((a, b) => b.created_on - a.created_on);
    toasts.add(sorted.filter(({ seen_on }) => seen_on === null));
    if (isLeader()) sound.play();
    events.new.call({ items: sorted });
  }

  const connection = createConnection({
    api,
    seq: () => model.seq,
    restart,
    isLeader,
    mayStream: options.realtime !== "poll",
    pollInterval: options.pollInterval ?? POLL_EVERY,
    onChanges(seq, items, counts, fresh) {
      const after = model.seq ?? 0;
      learn(seq, items, counts, fresh);
      if (!isLeader()) return;
      post({ type: "changes", after, seq, items, ...(counts && { counts }), ...(fresh && { fresh }) });
    },
    onCounts(counts) {
      dispatch({ type: "counts", counts });
      if (isLeader()) post({ type: "counts", counts });
    },
    onReset: () => isLeader() && post({ type: "reset" }),
    onState(connection) {
      dispatch({ type: "connection", connection });
      if (connection !== "offline") dispatch({ type: "failure", failure: null });
      if (isLeader()) post({ type: "connection", connection });
    },
    onFailure: (failure) => dispatch({ type: "failure", failure: plainFailure(failure) }),
  });

  /** Asks for where the feed stands before its pages, so that no page is older than that. */
  async function restart(signal: AbortSignal): Promise<void> {
    const wanted = stores.filter(({ id }, at) => at === 0 || model.windows[id]?.status !== "idle");
    for (const { id } of wanted) if (model.seq === null) setStatus(id, "loading");
    try {
      const { seq, counts = {} } = await api.changes(null, signal);
      const pages = await Promise.all(
        wanted.map((store) => api.page(store, { size: sizeOf(store), signal })),
      );
      epoch += 1;
      const byId = Object.fromEntries(wanted.map(({ id }, at): [string, Page] => [id, pages[at] as Page]));
      dispatch({ type: "restart", seq, counts, pages: byId });
      if (seq < heard) connection.catchUp();
    } catch (error) {
      for (const { id } of wanted) if (model.windows[id]?.status === "loading") setStatus(id, "error");
      throw error;
    }
  }

  /** As many as are on the screen now. */
  function sizeOf({ id }: Store): number {
    const { items = [] } = view.stateOf(model).stores[id] ?? {};
    return Math.min(MOST_IN_PAGE, Math.max(size, items.length));
  }

  const setStatus = (store: string, status: "loading" | "more" | "error") =>
    dispatch({ type: "status", store, status });

  async function loadMore(store: Store): Promise<void> {
    const window = model.windows[store.id];
    const signal = life?.signal;
    if (window?.end === null || signal === undefined) return;
    if (model.seq === null) {
      // The first load takes it along.
      setStatus(store.id, "loading");
      connection.wake();
      return;
    }
    setStatus(store.id, window?.end === undefined ? "loading" : "more");
    const asked = epoch;
    try {
      const page = await api.page(store, { after: window?.end, size, signal });
      if (asked === epoch) dispatch({ type: "page", store: store.id, page });
      else await loadMore(store);
    } catch (error) {
      if (signal.aborted) return;
      setStatus(store.id, "error");
      fail(toFailure(error));
    }
  }

  /* What the user does */

  const actions = createActions({
    items: () => Array.from(model.items.keys(), itemOf).filter((item) => item !== undefined),
    itemOf,
    commit(edits) {
      dispatch({ type: "edited", edits });
      post({ type: "edited", edits });
      if (life !== null && isLeader()) outbox.run(life.signal);
      saveNow();
    },
  });

  const outbox = createOutbox({
    model: () => model,
    api,
    maySend: isLeader,
    onSettled: (edits, seq, isOpened) =>
      end({ type: "settled", ids: edits.map(({ id }) => id), seq, isOpened }),
    onUndone: ({ id }) => end({ type: "dropped", ids: [id], failure: null }),
    onRefused: (edits, failure) =>
      end({ type: "dropped", ids: edits.map(({ id }) => id), failure: plainFailure(failure) }),
    onFailed: (failure) => dispatch({ type: "failure", failure: plainFailure(failure) }),
  });

  /** The leader knows how edits ended, and says it to all tabs. */
  function end(message: TabMessage & { type: "settled" | "dropped" }): void {
    post(message);
    finish(message);
    if (model.edits.some(({ seq }) => seq !== undefined)) {
      const isLive = model.connection === "live";
      setTimeout(
        () => {
          if (model.edits.some(({ seq }) => seq !== undefined)) connection.catchUp();
        },
        isLive ? LATE_AFTER : 0,
      );
    }
  }

  function finish(message: TabMessage & { type: "settled" | "dropped" }): void {
    const { ids } = message;
    for (const id of ids) ended.set(id, message);
    const edits = model.edits.filter(({ id }) => ids.includes(id));
    if (message.type === "settled") {
      const { seq = model.seq ?? 0, isOpened } = message;
      dispatch({ type: "settled", ids, seq, isOpened });
      actions.settle(ids, { status: "done" }, seq);
      return;
    }
    const { failure } = message;
    dispatch({ type: "dropped", ids });
    const settlement: Settlement =
      failure === null ? { status: "undone" } : { status: "refused", error: failure };
    actions.settle(ids, settlement);
    const [first] = edits;
    if (failure === null || first === undefined) return;
    fail(failure, { action: first.action, ids: edits.flatMap((edit) => edit.ids) });
  }

  function act(
    action: ActionName,
    ids: readonly string[],
    more: Pick<Edit, "query" | "until"> = {},
    label?: string,
  ) {
    const done = actions.act(action, ids, more);
    const store = more.query && { store: more.query.id };
    events.action.call({ action, ids, ...store, ...(label !== undefined && { label }) });
    return done;
  }

  function findStore(id: string): Store {
    const store = stores.find((one) => one.id === id);
    if (store === undefined)
      throw new TypeError(`no store "${id}": there are ${stores.map(({ id }) => id).join(", ")}`);
    return store;
  }

  const ofStore = (store: string | undefined) => (store === undefined ? {} : { query: findStore(store) });

  /* Other tabs */

  function onMessage(message: TabMessage): void {
    switch (message.type) {
      case "join":
        if (isLeader()) sayLead();
        break;
      case "lead": {
        const known = new Set(message.edits.map(({ id }) => id));
        const mine = model.edits.filter(({ id, seq }) => seq === undefined && !known.has(id));
        if (mine.length > 0) post({ type: "edited", edits: mine });
        adopt(message.edits);
        dispatch({ type: "connection", connection: message.connection });
        follow(message.seq ?? 0);
        break;
      }
      case "edited":
        adopt(message.edits);
        if (life !== null && isLeader()) outbox.run(life.signal);
        break;
      case "settled":
      case "dropped":
        finish(message);
        break;
      case "changes": {
        const { after, seq, items, counts, fresh } = message;
        if (model.seq === null || model.seq < after) follow(seq);
        else learn(seq, items, counts, fresh);
        break;
      }
      case "counts":
        dispatch({ type: "counts", counts: message.counts });
        break;
      case "reset":
        connection.restart();
        break;
      case "connection":
        dispatch({ type: "connection", connection: message.connection });
        break;
      case "alive":
        break;
    }
  }

  /** The leader knows of changes up to one. */
  function follow(seq: number): void {
    heard = Math.max(heard, seq);
    if (model.seq !== null && seq > model.seq) connection.catchUp();
  }

  function adopt(edits: readonly Edit[]): void {
    const open = edits.filter(({ id }) => !ended.has(id));
    if (open.length > 0) dispatch({ type: "edited", edits: open });
    if (!isLeader()) return;
    for (const message of new Set(edits.map(({ id }) => ended.get(id)))) if (message) post(message);
  }

  const sayLead = () =>
    post({ type: "lead", seq: model.seq, connection: model.connection, edits: model.edits });

  /* Life */

  async function live(signal: AbortSignal): Promise<void> {
    const kept = await openStorage();
    if (signal.aborted) return;
    if (kept && model.seq === null) {
      const isUsable = kept.layout === JSON.stringify(stores);
      const items = new Map(kept.items.map((item) => [item.n_id, item]));
      dispatch({ type: "restored", kept: isUsable ? { ...kept, items } : { ...model, edits: kept.edits } });
      outbox.adopt();
    }
    listen(signal);
    sound.start(signal);
    if (options.push !== undefined) push.start();
    watchExpiry();
    tabs = joinTabs({
      name: `carillon-inbox ${identity} ${JSON.stringify(stores)}`,
      isShared: options.shareTabs !== false,
      signal,
      onMessage,
      onLeader(leads) {
        if (leads) {
          outbox.adopt();
          sayLead();
          outbox.run(signal);
        }
        connection.wake();
      },
    });
    post({ type: "join" });
    void showBadge(signal);
    await connection.run(signal);
  }

  async function openStorage(): Promise<Kept | null> {
    if (options.persist !== "indexeddb") return null;
    storage ??= await import("./storage.ts").then(
      (part) => part.openStorage(identity),
      () => null,
    );
    return (await storage?.load()) ?? null;
  }

  async function showBadge(signal: AbortSignal): Promise<void> {
    const { badgeTargets = [] } = options;
    if (badgeTargets.length === 0) return;
    const { openBadge } = await import("./badge.ts");
    setBadge = openBadge(badgeTargets, isLeader, signal);
    setBadge(view.stateOf(model).badge);
  }

  /** The network is back, or the page is looked at: what waits is tried now. */
  function listen(signal: AbortSignal): void {
    if (typeof document === "undefined") return;
    const wake = () => {
      if (document.visibilityState === "hidden") return;
      connection.wake();
      outbox.wake();
    };
    addEventListener("online", wake, { signal });
    document.addEventListener("visibilitychange", wake, { signal });
    addEventListener("pagehide", saveNow, { signal });
  }

  function watchExpiry(): void {
    clearTimeout(expiring);
    if (life === null) return;
    const now = Date.now();
    const next = Math.min(
      ...Array.from(model.items.values(), ({ expiry }) =>
        (expiry ?? 0) > model.now ? (expiry ?? 0) : Infinity,
      ),
    );
    if (next === Infinity) return;
    expiring = setTimeout(
      () => {
        dispatch({ type: "tick", now: Date.now() });
        watchExpiry();
        // The counts are the server's.
        if (isLeader()) connection.catchUp();
      },
      Math.min(FAR, Math.max(0, next - now)),
    );
  }

  function saveSoon(): void {
    if (storage === null || !isLeader()) return;
    saving ??= setTimeout(saveNow, 250);
  }

  function saveNow(): void {
    clearTimeout(saving);
    saving = undefined;
    if (storage !== null && isLeader()) void storage.save(model);
  }

  const preferences = createPreferences({ rest, who, options, onFailure: fail });
  const push = createPush({ rest, who, options: options.push ?? {} });

  return {
    options,
    stores,
    start() {
      if (life !== null) return;
      life = new AbortController();
      void live(life.signal);
    },
    stop() {
      if (life === null) return;
      saveNow();
      life.abort();
      life = null;
      tabs = null;
      clearTimeout(expiring);
      toasts.clear();
      dispatch({ type: "connection", connection: "offline" });
    },
    async clear() {
      this.stop();
      clearTimeout(saving);
      saving = undefined;
      actions.settle(
        model.edits.map(({ id }) => id),
        { status: "undone" },
      );
      epoch += 1;
      model = createModel(stores, Date.now());
      changed.call();
      await openStorage();
      await storage?.clear();
    },
    getState: () => view.stateOf(model),
    subscribe: (listener) => changed.add(listener),
    on: (event, listener) => events[event].add(listener),
    more(store = stores[0]?.id ?? "") {
      const one = findStore(store);
      const running = loading.get(store) ?? loadMore(one).finally(() => loading.delete(store));
      loading.set(store, running);
      return running;
    },
    async refresh() {
      connection.wake();
      connection.catchUp();
      outbox.wake();
    },
    read: (id) => act("read", [id]),
    unread: (id) => act("unread", [id]),
    archive: (id) => act("archive", [id]),
    unarchive: (id) => act("unarchive", [id]),
    pin: (id) => act("pin", [id]),
    unpin: (id) => act("unpin", [id]),
    snooze: (id, until) => act("snooze", [id], { until: Number(until) }),
    unsnooze: (id) => act("unsnooze", [id]),
    interacted: (id, label) => act("interacted", [id], {}, label),
    readAll: (store) => act("read_all", [], ofStore(store)),
    archiveAll: (store) => act("archive_all", [], ofStore(store)),
    opened: () => act("opened", []),
    seen: (ids) => act("seen", ids),
    toasts,
    sound,
    preferences,
    push,
  };
}
