import { type ReactNode, useContext, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { Item } from "../core/types.ts";
import { dayName } from "../languages/time.ts";
import { focusedNear, isFocusLost } from "./focus.ts";
import { Icon } from "./icon.tsx";
import { Card } from "./item.tsx";
import type { MenuView } from "./item-menu.tsx";
import { isInField, KeysContext, type KeyHandler } from "./keys.ts";
import { type Look, lookOf, Restyled, type Ui, useDo, usePart, useRoot, useUi } from "./look.tsx";
import { useFeed, useInbox } from "./provider.tsx";
import { toRows } from "./rows.ts";
import { actionsOf } from "./item-actions.ts";
import { useRowWindow } from "./window.ts";

export interface FeedProps extends Look {
  /** Default: the first store. */
  store?: string;
}

/** A store's items as a list of its own height, which scrolls. */
export function Feed({ store, ...look }: FeedProps): ReactNode {
  return (
    <Restyled look={lookOf(look)}>
      <AloneFeed store={store} />
    </Restyled>
  );
}

function AloneFeed({ store }: { store: string | undefined }): ReactNode {
  const { inbox } = useUi();
  const id = store ?? inbox.stores[0]?.id ?? "";
  return (
    <div {...useRoot()} className="carillon-root carillon-alone">
      <FeedList key={id} store={id} labelledBy={null} tab={null} />
    </div>
  );
}

interface Properties {
  store: string;
  /** The id of what names the feed. */
  labelledBy: string | null;
  /** The id of the tab that shows it. */
  tab: string | null;
}

/** Scrolled further than this, what arrives at the top is announced there. */
const AWAY = 80;
const SEEN_AFTER = 1_000;
const NO_STACKS: ReadonlySet<string> = new Set();

export function FeedList({ store, labelledBy, tab }: Properties): ReactNode {
  const ui = useUi();
  const { inbox, words, slots } = ui;
  const part = usePart();
  const feed = useFeed(store);
  const connection = useInbox((state) => state.connection);
  const now = useNow();
  const [openStacks, setOpenStacks] = useState(NO_STACKS);
  const heading = useHeading(ui, now);
  const rows = useMemo(() => toRows(feed.items, openStacks, heading), [feed.items, openStacks, heading]);
  const keys = useMemo(() => rows.map(({ item }) => item.n_id), [rows]);
  const hasAvatars = useMemo(
    () => feed.items.some(({ message }) => message.avatar !== undefined),
    [feed.items],
  );

  const scroller = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const { active, isHere, focusRow, focusHandlers, window } = useRovingFocus(scroller, list, keys);
  const [menu, setMenu] = useState<{ key: string; view: MenuView } | null>(null);
  const [arrivals, setArrivals] = useArrivals(scroller, keys);
  useSeen(
    ui,
    window,
    rows.map(({ item }) => item),
    isHere,
  );

  // Soon enough that nobody waits at the end.
  const last = window.drawn.at(-1) ?? 0;
  useEffect(() => {
    if (feed.status === "ready" && feed.hasMore && last >= rows.length - 5) void inbox.more(store);
  }, [inbox, store, feed.status, feed.hasMore, last, rows.length]);

  const onKeyDown = useFeedKeys({
    store,
    items: rows.map(({ item }) => item),
    active,
    isHere,
    focusRow,
    snooze: (key) => setMenu({ key, view: "snooze" }),
  });

  const named =
    labelledBy === null ? { "aria-label": words.say("title") } : { "aria-labelledby": labelledBy };
  const retry = () => void inbox.more(store);
  const Empty = slots?.Empty;
  const Loading = slots?.Loading;
  const Failed = slots?.Error;
  return (
    <div
      className="carillon-view"
      {...(tab === null ? {} : { role: "tabpanel", "aria-labelledby": tab })}
      onKeyDown={onKeyDown}
    >
      {connection === "offline" && feed.status !== "idle" && (
        <p {...part("offline")}>
          <Icon name="alert" />
          {words.say("offline")}
        </p>
      )}
      {arrivals > 0 && (
        <button
          {...part("arrivals")}
          type="button"
          onClick={() => {
            setArrivals(0);
            focusRow(0);
          }}
        >
          <Icon name="up" />
          {words.say("arrived", { n: arrivals })}
        </button>
      )}
      <div
        {...part("feed")}
        ref={scroller}
        tabIndex={rows.length === 0 ? -1 : undefined}
        {...(rows.length > 0 ? { role: "feed", ...named } : {})}
        aria-busy={feed.status === "loading" || feed.status === "more"}
        data-avatars={hasAvatars ? "" : undefined}
        {...focusHandlers}
      >
        {rows.length > 0 && (
          <div ref={list} className="carillon-list" style={{ height: `${window.topOf(rows.length)}px` }}>
            {window.drawn.map((index) => {
              const row = rows[index];
              if (row === undefined) return null;
              const key = row.item.n_id;
              return (
                <Card
                  key={key}
                  row={row}
                  now={now}
                  top={window.topOf(index)}
                  position={index + 1}
                  total={feed.hasMore ? -1 : rows.length}
                  isActive={index === active}
                  menu={menu?.key === key ? menu.view : null}
                  setMenu={(view) => setMenu(view === null ? null : { key, view })}
                  toggleStack={() => setOpenStacks(toggled(openStacks, row.item.collapse_key ?? ""))}
                />
              );
            })}
          </div>
        )}
        {rows.length === 0 &&
          feed.status === "ready" &&
          (Empty === undefined ? (
            <div {...part("empty")}>
              <Icon name="bell" />
              <strong>{words.say("empty")}</strong>
              <span>{words.say("emptyHint")}</span>
            </div>
          ) : (
            <Empty />
          ))}
        {rows.length === 0 &&
          (feed.status === "loading" || feed.status === "idle") &&
          (Loading === undefined ? <Skeleton /> : <Loading />)}
        {feed.status === "error" &&
          (Failed === undefined ? (
            <div {...part("error")}>
              <Icon name="alert" />
              <span>{words.say("error")}</span>
              <button {...part("action")} type="button" onClick={retry}>
                {words.say("retry")}
              </button>
            </div>
          ) : (
            <Failed retry={retry} />
          ))}
        {feed.status === "more" && <div className="carillon-spinner" />}
      </div>
    </div>
  );
}

function Skeleton(): ReactNode {
  const { words } = useUi();
  const part = usePart();
  return (
    <div {...part("loading")}>
      <span className="carillon-hidden">{words.say("loading")}</span>
      {[0, 1, 2, 3].map((line) => (
        <i key={line} />
      ))}
    </div>
  );
}

function toggled(set: ReadonlySet<string>, key: string): ReadonlySet<string> {
  const next = new Set(set);
  if (!next.delete(key)) next.add(key);
  return next;
}

/** Now, to the minute. */
function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 60_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

function useHeading({ groupBy, words }: Ui, now: number): (item: Item) => string | null {
  return useMemo(() => {
    if (groupBy === undefined || groupBy === "none") return () => null;
    if (typeof groupBy === "function") return groupBy;
    if (groupBy === "category") return (item: Item) => item.n_category;
    // Pinned ones come first, whenever they were made.
    return (item: Item) =>
      item.is_pinned ? words.say("pinned") : dayName(words.locale, item.created_on, now);
  }, [groupBy, words, now]);
}

/** Which row has the one tab stop, and the focus where the feed has it. When its row goes, the next one takes both. */
function useRovingFocus(
  scroller: React.RefObject<HTMLElement | null>,
  list: React.RefObject<HTMLElement | null>,
  keys: readonly string[],
) {
  const [key, setKey] = useState<string | null>(null);
  const [isHere, setHere] = useState(false);
  const lastIndex = useRef(0);
  const wanted = useRef<string | null>(null);
  const found = key === null ? -1 : keys.indexOf(key);
  const active = found === -1 ? Math.min(lastIndex.current, keys.length - 1) : found;
  const activeKey = keys[active];
  const window = useRowWindow(scroller, list, keys, isHere || wanted.current !== null ? active : -1);

  useLayoutEffect(() => {
    lastIndex.current = Math.max(0, active);
    if (key !== null && found === -1) {
      setKey(activeKey ?? null);
      // The row that had the focus is gone, and the focus with it.
      if (isHere && isFocusLost(scroller.current)) wanted.current = activeKey ?? "";
    }
    if (wanted.current === null) return;
    if (activeKey === undefined) {
      scroller.current?.focus({ preventScroll: true });
      wanted.current = null;
      return;
    }
    const row = list.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(activeKey)}"]`);
    if (row === null || row === undefined) return;
    row.focus({ preventScroll: true });
    window.reveal(active);
    wanted.current = null;
  });

  return {
    active,
    isHere,
    window,
    focusRow: (index: number) => {
      const next = keys[Math.max(0, Math.min(index, keys.length - 1))];
      if (next === undefined) return;
      wanted.current = next;
      setKey(next);
      // Also where that row was the active one already.
      setHere(true);
    },
    focusHandlers: {
      onFocusCapture: (event: React.FocusEvent<HTMLElement>) => {
        const row = (event.target as Element).closest<HTMLElement>("[data-key]");
        if (row?.dataset.key === undefined) return;
        setKey(row.dataset.key);
        setHere(true);
      },
      onBlurCapture: (event: React.FocusEvent<HTMLElement>) => {
        const { currentTarget, target } = event;
        // What is removed loses the focus as well, but that is not the user leaving.
        queueMicrotask(() => {
          if (target.isConnected && !currentTarget.contains(focusedNear(currentTarget))) setHere(false);
        });
      },
    },
  };
}

/** Counts what arrives at the top while the user is further down. */
function useArrivals(
  scroller: React.RefObject<HTMLElement | null>,
  keys: readonly string[],
): [number, (n: number) => void] {
  const { inbox } = useUi();
  const [arrivals, setArrivals] = useState(0);
  const shown = useRef(keys);
  shown.current = keys;
  useEffect(
    () =>
      inbox.on("new", ({ items }) => {
        if ((scroller.current?.scrollTop ?? 0) <= AWAY) return;
        const ids = items.map((item) => item.n_id);
        // After the state they belong to is drawn.
        setTimeout(() => {
          const here = ids.filter((id) => shown.current.includes(id)).length;
          setArrivals((before) => before + here);
        });
      }),
    [inbox, scroller],
  );
  useEffect(() => {
    const element = scroller.current;
    const onScroll = () => {
      if (element !== null && element.scrollTop <= AWAY) setArrivals(0);
    };
    element?.addEventListener("scroll", onScroll, { passive: true });
    return () => element?.removeEventListener("scroll", onScroll);
  }, [scroller]);
  return [arrivals, setArrivals];
}

/** Says which items were on the screen for a second. */
function useSeen(
  { inbox }: Ui,
  window: ReturnType<typeof useRowWindow>,
  items: readonly Item[],
  isHere: boolean,
): void {
  const visible = useRef(window.visible);
  visible.current = window.visible;
  const signature = `${window.drawn[0]}-${window.drawn.at(-1)}`;
  useEffect(() => {
    const timer = setTimeout(() => {
      if (document.visibilityState === "hidden") return;
      const ids = visible.current().flatMap((index) => {
        const item = items[index];
        return item === undefined || item.seen_on !== null ? [] : [item.n_id];
      });
      if (ids.length > 0) inbox.seen(ids);
    }, SEEN_AFTER);
    return () => clearTimeout(timer);
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- again where others are in sight, or could be
  }, [inbox, signature, items.length, items[0], isHere]);
}

interface Keys {
  store: string;
  items: readonly Item[];
  active: number;
  isHere: boolean;
  focusRow: (index: number) => void;
  snooze: (key: string) => void;
}

function useFeedKeys({ store, items, active, isHere, focusRow, snooze }: Keys): KeyHandler {
  const ui = useUi();
  const act = useDo();
  const panel = useContext(KeysContext);
  const handler: KeyHandler = (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isInField(event.target))
      return;
    const { inbox, words, last } = ui;
    const item = isHere ? items[active] : undefined;
    const onItem = item === undefined ? null : actionsOf(ui, item, act);
    const isOnRow = (event.target as HTMLElement).dataset.key !== undefined;
    const keys: Record<string, (() => void) | false | undefined> = {
      j: () => focusRow(active + (isHere ? 1 : 0)),
      k: () => focusRow(active - (isHere ? 1 : 0)),
      Home: isHere && (() => focusRow(0)),
      End: isHere && (() => focusRow(items.length - 1)),
      Enter: isOnRow && item !== undefined && (() => clickMain(event.target as HTMLElement)),
      r: onItem === null || item === undefined ? false : item.read_on === null ? onItem.read : onItem.unread,
      e: onItem === null || item === undefined ? false : item.archived ? onItem.unarchive : onItem.archive,
      p: onItem === null || item === undefined ? false : item.is_pinned ? onItem.unpin : onItem.pin,
      h: item !== undefined && (() => snooze(item.n_id)),
      z: () => last.undo?.(),
      A: () => act(inbox.readAll(store), words.say("readAllDone")),
    };
    const alias = { ArrowDown: "j", ArrowUp: "k" }[event.key];
    const run = Object.hasOwn(keys, alias ?? event.key) ? keys[alias ?? event.key] : undefined;
    if (run === undefined || run === false) return;
    event.preventDefault();
    run();
  };
  useEffect(() => {
    if (panel === null) return;
    panel.current = handler;
    return () => {
      if (panel.current === handler) panel.current = null;
    };
  }, [panel, handler]);
  return handler;
}

/** As a click on the card does, so that the browser follows its link. */
function clickMain(row: HTMLElement): void {
  const target =
    row.querySelector<HTMLElement>(".carillon-main") ?? row.querySelector<HTMLElement>(".carillon-card");
  target?.click();
}
