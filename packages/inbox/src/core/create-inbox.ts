import { createActions } from "./state/actions.ts";
import { plainFailure, toFailure } from "./failure.ts";
import { type Edit, matches } from "./state/item.ts";
import type { Ending, Live } from "./live/live.ts";
import { type Counts, createModel, type Message, reduce } from "./state/model.ts";
import { readOptions } from "./options.ts";
import { createPreferences } from "./preferences/preferences.ts";
import { createPush } from "./page/push.ts";
import { createRest } from "./wire/rest.ts";
import { createListeners, type Listeners } from "./signals.ts";
import { createSound } from "./page/sound.ts";
import { createToasts } from "./page/toasts.ts";
import { createTokens } from "./wire/token.ts";
import type { ActionName, Inbox, InboxEvents, InboxFailure, InboxOptions, Item, Store } from "./types.ts";
import { createView } from "./state/view.ts";

/**
 * The inbox of one user. Nothing happens before `start()`, so that it may be made on a server or at import.
 * Throws a TypeError where an option is wrong.
 */
export function createInbox(options: InboxOptions): Inbox {
  const stores = readOptions(options);
  const who = { distinct_id: options.distinctId, tenant_id: options.tenantId ?? "default" };
  const rest = createRest(options, createTokens(options.token));
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
  const preferences = createPreferences({ rest, who, options, onFailure: (failure) => fail(failure) });
  const push = createPush({ rest, who, options });

  let model = createModel(stores, Date.now());
  let life: AbortController | null = null;
  let live: Live | null = null;
  let setBadge: (count: number) => void = () => {};
  const loading = new Map<string, Promise<void>>();

  const stateOf = () => view.stateOf(model);
  const itemOf = (id: string) => view.itemOf(model, id);

  function dispatch(message: Message): void {
    const [before, { items }] = [stateOf(), model];
    model = reduce(model, message);
    const state = stateOf();
    if (model.items !== items) live?.watchExpiry();
    live?.saveSoon();
    if (state === before) return;
    toasts.review(itemOf);
    setBadge(state.badge);
    changed.call();
  }

  function fail(failure: InboxFailure, about: { action?: ActionName; ids?: readonly string[] } = {}): void {
    const plain = plainFailure(failure);
    dispatch({ type: "failure", failure: plain });
    events.error.call({ ...plain, ...about });
  }

  function learn(seq: number, items: readonly Item[], counts?: Counts, fresh?: readonly string[]): void {
    const { items: known } = model;
    let newest = 0;
    for (const { created_on } of known.values()) newest = Math.max(newest, created_on);
    const arrived = items.filter(
      (item) =>
        known.get(item.n_id)?.created_on !== item.created_on &&
        (fresh === undefined ? item.created_on > newest : fresh.includes(item.n_id)) &&
        matches(item, { read: false }, Date.now()),
    );
    const updated = items.filter(({ n_id, seq }) => seq > (known.get(n_id)?.seq ?? Infinity));
    const strangers = items.filter(({ n_id }) => !known.has(n_id));
    actions.meet(strangers, seq);
    dispatch({ type: "changes", seq, items, counts });
    const seen = (list: readonly Item[]) => list.map((item) => itemOf(item.n_id) ?? item);
    if (updated.length > 0) events.updated.call({ items: seen(updated) });
    if (arrived.length === 0) return;
    const sorted = seen(arrived).sort((a, b) => b.created_on - a.created_on);
    toasts.add(sorted.filter(({ seen_on }) => seen_on === null));
    if (live?.isLeader() === true) sound.play();
    events.new.call({ items: sorted });
  }

  function finish(ending: Ending): void {
    const { ids } = ending;
    if (ending.type === "settled") {
      const { seq = model.seq ?? 0 } = ending;
      dispatch({ type: "settled", ids, seq });
      actions.settle(ids, { status: "done" }, seq);
      return;
    }
    const edits = model.edits.filter(({ id }) => ids.includes(id));
    const { failure } = ending;
    dispatch({ type: "dropped", ids });
    actions.settle(ids, failure === null ? { status: "undone" } : { status: "refused", error: failure });
    const [first] = edits;
    if (failure !== null && first !== undefined) {
      fail(failure, { action: first.action, ids: edits.flatMap((edit) => edit.ids) });
    }
  }

  const actions = createActions({
    items: () => Array.from(model.items.keys(), itemOf).filter((item) => item !== undefined),
    itemOf,
    commit(edits) {
      dispatch({ type: "edited", edits });
      live?.share(edits);
    },
  });

  function act(
    action: ActionName,
    ids: readonly string[],
    more: Pick<Edit, "query" | "until"> = {},
    label?: string,
  ) {
    const done = actions.act(action, ids, more);
    const { query } = more;
    events.action.call({ action, ids, ...(query && { store: query.id }), ...(label && { label }) });
    return done;
  }
  const one = (action: ActionName) => (id: string) => act(action, [id]);
  const whole = (action: ActionName) => (id?: string) =>
    act(action, [], id === undefined ? {} : { query: findStore(id) });

  function findStore(id: string): Store {
    const store = stores.find((one) => one.id === id);
    if (store !== undefined) return store;
    throw new TypeError(`there is no store "${id}", but ${stores.map(({ id }) => id).join(", ")}`);
  }

  async function run(signal: AbortSignal): Promise<void> {
    sound.start(signal);
    try {
      const { goLive } = await import("./live/live.ts");
      if (signal.aborted) return;
      const shown = ({ id }: Store) => stateOf().stores[id]?.items.length ?? 0;
      live = goLive({ options, stores, who, rest, model: () => model, dispatch, learn, finish, fail, shown });
      if (options.push !== undefined) await push.start(signal);
      const { badgeTargets = [] } = options;
      if (badgeTargets.length === 0) return;
      const { openBadge } = await import("./page/badge.ts");
      setBadge = openBadge(badgeTargets, () => live?.isLeader() === true, signal);
      setBadge(stateOf().badge);
    } catch (error) {
      // A part of the program could not be loaded.
      fail(toFailure(error));
    }
  }

  function stop(): void {
    life?.abort();
    live?.stop();
    life = live = null;
    toasts.clear();
    dispatch({ type: "connection", connection: "offline" });
  }

  return {
    options,
    stores,
    start() {
      if (life !== null) return;
      life = new AbortController();
      void run(life.signal);
    },
    stop,
    async clear() {
      const last = live;
      stop();
      actions.settle(
        model.edits.map(({ id }) => id),
        { status: "undone" },
      );
      model = createModel(stores, Date.now());
      changed.call();
      await last?.forget();
      if (push.getState() === "on") await push.unsubscribe().catch(() => {});
    },
    getState: stateOf,
    subscribe: changed.add,
    on: (event, listener) => events[event].add(listener),
    more(id = stores[0]?.id ?? "") {
      const store = findStore(id);
      const request = loading.get(id) ?? live?.more(store).finally(() => loading.delete(id));
      if (request !== undefined) loading.set(id, request);
      // What is asked for before it is live comes with the first load.
      else if (life !== null) dispatch({ type: "status", store: id, status: "loading" });
      return request ?? Promise.resolve();
    },
    refresh: async () => live?.refresh(),
    read: one("read"),
    unread: one("unread"),
    archive: one("archive"),
    unarchive: one("unarchive"),
    pin: one("pin"),
    unpin: one("unpin"),
    snooze: (id, until) => act("snooze", [id], { until: Number(until) }),
    unsnooze: one("unsnooze"),
    interacted: (id, label) => act("interacted", [id], {}, label),
    readAll: whole("read_all"),
    archiveAll: whole("archive_all"),
    opened: () => act("opened", []),
    seen: (ids) => act("seen", ids),
    toasts,
    sound,
    preferences,
    push,
  };
}
