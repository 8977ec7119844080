import { type ReactNode, useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import { createInbox } from "../core/create-inbox.ts";
import type {
  Inbox as Client,
  InboxOptions,
  InboxState,
  Item,
  PreferencesState,
  StoreState,
} from "../core/types.ts";
import { Announcer } from "./announcer.tsx";
import { type Look, lookOf, type Notice, type Ui, UiContext, useUi, useWords } from "./look.tsx";
import { createValue } from "./value.ts";

export type InboxProviderProps = Look & { children?: ReactNode } & (
    | {
        /** One that you made: you start and stop it. */
        inbox: Client;
      }
    /** Makes one, which lives as long as the provider. Another user, tenant, host or key makes another one. */
    | (InboxOptions & { inbox?: undefined })
  );

/** What everything of the inbox stands in. */
export function InboxProvider(properties: InboxProviderProps): ReactNode {
  const { children } = properties;
  const inbox = useClient(properties);
  const look = lookOf(properties);
  const words = useWords(look, { words: null, inbox });
  const shared = useMemo(
    () => ({
      inbox,
      notice: createValue<Notice | null>(null),
      last: { undo: null },
      speech: createValue(""),
      isOpen: createValue(false),
    }),
    [inbox],
  );
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- the values of the look
  const ui = useMemo<Ui>(() => ({ ...look, ...shared, words }), [shared, words, ...Object.values(look)]);

  const current = useRef(ui);
  current.current = ui;
  useEffect(() => {
    return inbox.on("new", ({ items }) => current.current.speech.set(arrivalText(current.current, items)));
  }, [inbox]);

  return (
    <UiContext.Provider value={ui}>
      {children}
      <Announcer />
    </UiContext.Provider>
  );
}

function useClient(properties: InboxProviderProps): Client {
  const latest = useRef(properties);
  latest.current = properties;
  const given = properties.inbox;
  const key =
    properties.inbox === undefined
      ? JSON.stringify([properties.host, properties.publicKey, properties.distinctId, properties.tenantId])
      : null;
  const inbox = useMemo(() => {
    if (given !== undefined) return given;
    const { token, ...options } = latest.current as InboxOptions;
    // Functions are made anew with each rendering; the newest is asked.
    const ask = () => ((latest.current as InboxOptions).token ?? token)?.() ?? Promise.resolve("");
    return createInbox({ ...options, ...(token === undefined ? {} : { token: ask }) });
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- what names the inbox
  }, [given, key]);
  useEffect(() => {
    if (given !== undefined) return;
    inbox.start();
    return () => inbox.stop();
  }, [given, inbox]);
  return inbox;
}

/** One item is read out, several are counted. */
function arrivalText({ words }: Ui, items: readonly Item[]): string {
  const [first] = items;
  if (first === undefined) return "";
  return items.length === 1 && first.message.header !== undefined && first.message.header !== ""
    ? first.message.header
    : words.say("arrived", { n: items.length });
}

/** A part of the inbox's state; drawn again when that part changes. The whole state without a selector. */
export function useInbox(): InboxState;
export function useInbox<T>(selector: (state: InboxState) => T): T;
export function useInbox<T>(selector?: (state: InboxState) => T): T | InboxState {
  const { inbox } = useUi();
  const read = () => (selector === undefined ? inbox.getState() : selector(inbox.getState()));
  return useSyncExternalStore(inbox.subscribe, read, read);
}

/** The client itself, for what it can do. */
export function useInboxClient(): Client {
  return useUi().inbox;
}

const NOTHING: StoreState = { items: [], status: "idle", hasMore: false, unread: 0 };

/** A store's items and how far they are loaded. Default: the first store. */
export function useFeed(store?: string): StoreState & { more: () => Promise<void> } {
  const { inbox } = useUi();
  const id = store ?? inbox.stores[0]?.id ?? "";
  const state = useInbox((all) => all.stores[id]) ?? NOTHING;
  useEffect(() => {
    if (state.status === "idle") void inbox.more(id);
  }, [inbox, id, state.status]);
  return { ...state, more: () => inbox.more(id) };
}

/** The number of unread items of a store, loaded or not. Default: the first store. */
export function useUnread(store?: string): number {
  const { inbox } = useUi();
  const id = store ?? inbox.stores[0]?.id ?? "";
  return useInbox((all) => all.stores[id]?.unread ?? 0);
}

/** The user's preferences, loaded when they are first asked for. */
export function usePreferences(): PreferencesState &
  Pick<Client["preferences"], "get" | "set" | "setChannel"> {
  const { preferences } = useUi().inbox;
  const state = useSyncExternalStore(preferences.onChange, preferences.getState, preferences.getState);
  useEffect(() => {
    if (state.status === "idle") void preferences.get();
  }, [preferences, state.status]);
  return { ...state, get: preferences.get, set: preferences.set, setChannel: preferences.setChannel };
}
