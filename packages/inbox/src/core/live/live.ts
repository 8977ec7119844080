import { createConnection } from "./connection.ts";
import { plainFailure, type RequestError, toFailure } from "../failure.ts";
import { createFeedApi } from "../wire/feed-api.ts";
import type { Edit } from "../state/item.ts";
import type { Counts, Message, Model, Page } from "../state/model.ts";
import { createOutbox } from "./outbox.ts";
import type { Rest } from "../wire/rest.ts";
import type { Kept, Storage } from "./storage.ts";
import { joinTabs, type TabMessage, type Tabs } from "./tabs.ts";
import type { InboxFailure, InboxOptions, Item, Store } from "../types.ts";

/**
 * The inbox while it is started: the connection, what is sent, the other tabs, what is kept on the device. It is loaded
 * by `start()`; before that, and on a server, an inbox is its state alone.
 */
export interface Live {
  isLeader: () => boolean;
  /** Edits were made here. */
  share: (edits: readonly Edit[]) => void;
  more: (store: Store) => Promise<void>;
  /** Asks for what has changed, and tries again what waits. */
  refresh: () => void;
  /** The state changed in a way that is kept. */
  saveSoon: () => void;
  /** The items changed: one of them may expire sooner than all others. */
  watchExpiry: () => void;
  stop: () => void;
  /** Deletes what is kept on the device. */
  forget: () => Promise<void>;
}

export type Ending = TabMessage & { type: "settled" | "dropped" };

export interface LiveDeps {
  options: InboxOptions;
  stores: readonly Store[];
  who: { distinct_id: string; tenant_id: string };
  rest: Rest;
  model: () => Model;
  dispatch: (message: Message) => void;
  /** Takes in what the server says. */
  learn: (seq: number, items: readonly Item[], counts?: Counts, fresh?: readonly string[]) => void;
  /** Edits have their end, here and in all tabs. */
  finish: (ending: Ending) => void;
  fail: (failure: InboxFailure) => void;
  /** Items of the store that people see now. */
  shown: (store: Store) => number;
}

const DEFAULT_PAGE = 20;
const MOST_IN_PAGE = 100;
const POLL_EVERY = 15_000;
const SAVE_AFTER = 250;
/** A change that the server confirmed and that does not come by the stream is asked for. */
const LATE_AFTER = 3_000;
/** The longest time that a timer waits. */
const FAR = 2 ** 31 - 1;

export function goLive(deps: LiveDeps): Live {
  const { options, stores, who, rest, model, dispatch, learn } = deps;
  const api = createFeedApi(rest, who, stores);
  const size = options.pageSize ?? DEFAULT_PAGE;
  const identity = JSON.stringify([options.host, options.publicKey, who]);
  const layout = JSON.stringify(stores);
  const life = new AbortController();
  const { signal } = life;
  /** How edits ended, for tabs that send one again. */
  const ended = new Map<string, Ending>();

  let tabs: Tabs | null = null;
  let storage: Storage | null = null;
  let saving: ReturnType<typeof setTimeout> | undefined;
  let expiring: ReturnType<typeof setTimeout> | undefined;
  /** Counts the times that everything was loaded anew: what was asked for before is of no use then. */
  let epoch = 0;
  /** The last change that the leader spoke of. */
  let heard = 0;

  const isLeader = () => tabs?.isLeader() === true;
  const post = (message: TabMessage) => tabs?.post(message);
  const note = (failure: RequestError) => dispatch({ type: "failure", failure: plainFailure(failure) });
  const setStatus = (store: Store, status: "loading" | "more" | "error") =>
    dispatch({ type: "status", store: store.id, status });
  const isUnconfirmed = () => model().edits.some(({ seq }) => seq !== undefined);

  const connection = createConnection({
    api,
    seq: () => model().seq,
    restart,
    isLeader,
    mayStream: options.realtime !== "poll",
    pollInterval: options.pollInterval ?? POLL_EVERY,
    onChanges(seq, items, counts, fresh) {
      const after = model().seq ?? 0;
      learn(seq, items, counts, fresh);
      if (isLeader()) post({ type: "changes", after, seq, items, counts, fresh });
    },
    onReset: () => isLeader() && post({ type: "reset" }),
    onState(state) {
      dispatch({ type: "connection", connection: state });
      if (state !== "offline") dispatch({ type: "failure", failure: null });
      if (isLeader()) post({ type: "connection", connection: state });
    },
    onFailure: note,
  });

  /** Asks for where the feed stands before its pages, so that no page is older than that. */
  async function restart(): Promise<void> {
    const wanted = stores.filter(({ id }, at) => at === 0 || model().windows[id]?.status !== "idle");
    if (model().seq === null) for (const store of wanted) setStatus(store, "loading");
    try {
      const { seq, counts = {} } = await api.changes(null, signal);
      const load = async (store: Store): Promise<[string, Page]> => {
        const count = Math.min(MOST_IN_PAGE, Math.max(size, deps.shown(store)));
        return [store.id, await api.page(store, { size: count, signal })];
      };
      const pages = await Promise.all(wanted.map(load));
      epoch += 1;
      dispatch({ type: "restart", seq, counts, pages: Object.fromEntries(pages) });
      if (seq < heard) connection.catchUp();
    } catch (error) {
      for (const store of wanted)
        if (model().windows[store.id]?.status === "loading") setStatus(store, "error");
      throw error;
    }
  }

  async function more(store: Store): Promise<void> {
    const { end } = model().windows[store.id] ?? {};
    if (end === null) return;
    setStatus(store, end === undefined ? "loading" : "more");
    if (model().seq === null) {
      // The first load takes it along.
      connection.wake();
      return;
    }
    const asked = epoch;
    try {
      const page = await api.page(store, { after: end, size, signal });
      if (asked !== epoch) return await more(store);
      dispatch({ type: "page", store: store.id, page });
    } catch (error) {
      if (signal.aborted) return;
      setStatus(store, "error");
      deps.fail(toFailure(error));
    }
  }

  /* Edits */

  const outbox = createOutbox({
    model,
    api,
    maySend: isLeader,
    onSettled: (edits, seq) => end({ type: "settled", ids: edits.map(({ id }) => id), seq }),
    onUndone: ({ id }) => end({ type: "dropped", ids: [id], failure: null }),
    onRefused: (edits, failure) =>
      end({ type: "dropped", ids: edits.map(({ id }) => id), failure: plainFailure(failure) }),
    onFailed: note,
  });

  /** The leader knows how edits ended, and says it to all tabs. */
  function end(ending: Ending): void {
    post(ending);
    finish(ending);
    if (!isUnconfirmed()) return;
    const wait = model().connection === "live" ? LATE_AFTER : 0;
    setTimeout(() => isUnconfirmed() && !signal.aborted && connection.catchUp(), wait);
  }

  function finish(ending: Ending): void {
    for (const id of ending.ids) ended.set(id, ending);
    deps.finish(ending);
  }

  function send(): void {
    if (isLeader()) outbox.run(signal);
    saveNow();
  }

  /* Other tabs */

  function onMessage(message: TabMessage): void {
    switch (message.type) {
      case "join":
        if (isLeader()) sayLead();
        break;
      case "lead": {
        const known = new Set(message.edits.map(({ id }) => id));
        const mine = model().edits.filter(({ id, seq }) => seq === undefined && !known.has(id));
        if (mine.length > 0) post({ type: "edited", edits: mine });
        adopt(message.edits);
        dispatch(message.state);
        follow(message.seq);
        break;
      }
      case "edited":
        adopt(message.edits);
        send();
        break;
      case "settled":
      case "dropped":
        finish(message);
        break;
      case "changes":
        if ((model().seq ?? -1) < message.after) follow(message.seq);
        else learn(message.seq, message.items, message.counts, message.fresh);
        break;
      case "reset":
        connection.restart();
        break;
      case "connection":
        dispatch(message);
        break;
      case "alive":
        break;
    }
  }

  /** The leader knows of changes up to one. */
  function follow(seq: number): void {
    heard = Math.max(heard, seq);
    const known = model().seq;
    if (known !== null && seq > known) connection.catchUp();
  }

  /** Edits of other tabs, of which some may have ended already. */
  function adopt(edits: readonly Edit[]): void {
    dispatch({ type: "edited", edits: edits.filter(({ id }) => !ended.has(id)) });
    if (!isLeader()) return;
    for (const { id } of edits) {
      const ending = ended.get(id);
      if (ending !== undefined) post(ending);
    }
  }

  function sayLead(): void {
    const { seq, edits, connection } = model();
    post({ type: "lead", seq: seq ?? 0, edits, state: { type: "connection", connection } });
  }

  /* Life */

  async function run(): Promise<void> {
    const kept = await load();
    if (signal.aborted) return;
    if (kept !== null && model().seq === null) {
      const items = new Map(kept.items.map((item) => [item.n_id, item]));
      const isUsable = kept.layout === layout;
      dispatch({ type: "restored", kept: isUsable ? { ...kept, items } : { ...model(), edits: kept.edits } });
      outbox.adopt();
    }
    listen();
    watchExpiry();
    tabs = joinTabs({
      name: `carillon-inbox ${identity} ${layout}`,
      isShared: options.shareTabs !== false,
      signal,
      onMessage,
      onLeader(leads) {
        if (leads) {
          outbox.adopt();
          sayLead();
          send();
        }
        connection.wake();
      },
    });
    post({ type: "join" });
    await connection.run(signal);
  }

  async function load(): Promise<Kept | null> {
    if (options.persist !== "indexeddb") return null;
    storage ??= await import("./storage.ts").then(
      (part) => part.openStorage(identity),
      () => null,
    );
    return (await storage?.load()) ?? null;
  }

  /** The network is back, or the page is looked at: what waits is tried now. */
  function listen(): void {
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
    const { items, now } = model();
    let next = Infinity;
    for (const { expiry } of items.values())
      if (expiry !== null && expiry > now && expiry < next) next = expiry;
    if (next === Infinity || signal.aborted) return;
    const expire = () => {
      dispatch({ type: "tick", now: Date.now() });
      watchExpiry();
      // The counts are the server's.
      if (isLeader()) connection.catchUp();
    };
    expiring = setTimeout(expire, Math.min(FAR, Math.max(0, next - Date.now())));
  }

  function saveSoon(): void {
    if (storage !== null && isLeader()) saving ??= setTimeout(saveNow, SAVE_AFTER);
  }

  function saveNow(): void {
    clearTimeout(saving);
    saving = undefined;
    if (isLeader()) void storage?.save(model());
  }

  void run();
  return {
    isLeader,
    share(edits) {
      post({ type: "edited", edits });
      send();
    },
    more,
    refresh() {
      connection.wake();
      connection.catchUp();
      outbox.wake();
    },
    saveSoon,
    watchExpiry,
    stop() {
      saveNow();
      life.abort();
      clearTimeout(expiring);
    },
    async forget() {
      clearTimeout(saving);
      await load();
      await storage?.clear();
    },
  };
}
