import {
  createContext,
  type ComponentType,
  type MouseEvent,
  type ReactNode,
  useContext,
  useEffect,
  useMemo,
  useState,
} from "react";
import type { Action, Inbox as Client, Item, ItemLink } from "../core/types.ts";
import { en, type Language, LANGUAGES, languageFor, type Words, wordsOf } from "../languages/language.ts";
import type { Value } from "./value.ts";

/** The parts that have a class `carillon-<part>`, a name for `::part()` and a key in `classNames`. */
export type Part =
  | "root"
  | "bell"
  | "badge"
  | "panel"
  | "header"
  | "title"
  | "tabs"
  | "tab"
  | "count"
  | "feed"
  | "item"
  | "card"
  | "group"
  | "avatar"
  | "heading"
  | "time"
  | "text"
  | "subtext"
  | "actions"
  | "action"
  | "tools"
  | "tool"
  | "menu"
  | "option"
  | "empty"
  | "error"
  | "loading"
  | "offline"
  | "arrivals"
  | "notice"
  | "footer"
  | "toasts"
  | "toast"
  | "preferences"
  | "section"
  | "category"
  | "channel"
  | "switch";

/** What can be done to an item. Each shows at once; those that take it away offer to undo it. */
export interface ItemActions {
  read: () => void;
  unread: () => void;
  archive: () => void;
  unarchive: () => void;
  pin: () => void;
  unpin: () => void;
  snooze: (until: Date | number) => void;
  unsnooze: () => void;
}

export interface ItemSlotProps {
  item: Item;
  actions: ItemActions;
}

/** Components that stand in for, or stand in, parts of the inbox. */
export interface Slots {
  /** In place of the panel's header. */
  Header?: ComponentType;
  /** At the end of the header, before its menu. */
  HeaderEnd?: ComponentType;
  /** In place of what a card shows. Keys, focus and reading stay as they are. */
  Item?: ComponentType<ItemSlotProps>;
  /** After an item's own buttons. */
  ItemActions?: ComponentType<ItemSlotProps>;
  Empty?: ComponentType;
  Loading?: ComponentType;
  Error?: ComponentType<{ retry: () => void }>;
  Footer?: ComponentType;
  /** In place of the icon in the bell. */
  Bell?: ComponentType<{ badge: number }>;
  /** Shown in the panel when its menu asks for the preferences; usually `Preferences`. Without one the menu has no such entry. */
  Preferences?: ComponentType;
}

/** What a link is drawn with: an `a`, or the `Link` of a router that takes the same. */
export type LinkComponent = ComponentType<LinkProps>;

export interface LinkProps {
  href: string;
  target?: string | undefined;
  rel?: string | undefined;
  className?: string | undefined;
  tabIndex?: number | undefined;
  onClick?: ((event: MouseEvent<HTMLAnchorElement>) => void) | undefined;
  children?: ReactNode;
}

export type GroupBy = "none" | "day" | "category" | ((item: Item) => string);

/** How the components look and what they do, for all below a provider or for one of them. */
export interface Look {
  /** BCP 47. Default: the inbox's `locale`, else that of the page, else the browser's. */
  locale?: string | undefined;
  /** Texts of your own in place of those of the language. */
  texts?: Partial<Language> | undefined;
  /** Default: the page's `color-scheme`. `auto` follows the system. */
  theme?: "light" | "dark" | "auto" | undefined;
  /** Classes of your own, by part. */
  classNames?: Partial<Record<Part, string>> | undefined;
  slots?: Slots | undefined;
  /**
   * Before an item (`action` is null) or one of its buttons is followed. `event.preventDefault()` keeps the browser
   * from following the link; the item counts as clicked either way.
   */
  onAction?: ((item: Item, action: ItemLink | null, event: Cancelable) => void) | undefined;
  linkComponent?: LinkComponent | undefined;
  /** Headings in the feed. Default `none`. */
  groupBy?: GroupBy | undefined;
}

/** Of an event, what `onAction` needs. */
export interface Cancelable {
  preventDefault(): void;
  readonly defaultPrevented: boolean;
}

/** What was just done, or what just went wrong. */
export interface Notice {
  text: string;
  undo: (() => void) | null;
}

export interface Ui extends Look {
  inbox: Client;
  words: Words;
  notice: Value<Notice | null>;
  /** What undoes the last thing that was done here. */
  last: { undo: (() => void) | null };
  /** For screen readers; said at most every five seconds. */
  speech: Value<string>;
  /** Whether a panel is open, so that nothing needs to pop up beside it. */
  isOpen: Value<boolean>;
}

export const UiContext = createContext<Ui | null>(null);

export function useUi(): Ui {
  const ui = useContext(UiContext);
  if (ui === null) throw new Error("Put an <InboxProvider> around the components and hooks of the inbox.");
  return ui;
}

/** The look of everything below, changed by what is given here. */
export function Restyled({ look, children }: { look: Look; children: ReactNode }): ReactNode {
  const above = useUi();
  const words = useWords(look, above);
  const given = Object.fromEntries(Object.entries(look).filter(([, value]) => value !== undefined));
  const key = [above, words, ...LOOKS.map((name) => look[name])];
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- its own list
  const ui = useMemo(() => ({ ...above, ...given, words }), key);
  return <UiContext.Provider value={ui}>{children}</UiContext.Provider>;
}

const LOOKS = [
  "locale",
  "texts",
  "theme",
  "classNames",
  "slots",
  "onAction",
  "linkComponent",
  "groupBy",
] as const satisfies readonly (keyof Look)[];

/** The look among the properties of a component. */
export function lookOf(properties: Look): Look {
  return Object.fromEntries(LOOKS.map((name) => [name, properties[name]]));
}

function pageLocale(): string {
  return typeof document === "undefined" ? "en" : document.documentElement.lang || navigator.language;
}

/** The words of a language: those above until its own are loaded, and English before that. */
export function useWords(
  look: Look,
  above: { words: Words | null; inbox: Client; texts?: Look["texts"] },
): Words {
  const locale = look.locale ?? above.words?.locale ?? above.inbox.options.locale ?? pageLocale();
  const name = languageFor(locale);
  const [loaded, setLoaded] = useState<{ name: string; language: Language }>({ name: "en", language: en });
  const inherits = look.locale === undefined && look.texts === undefined && above.words !== null;
  useEffect(() => {
    let isWanted = !inherits;
    LANGUAGES[name]?.().then(
      (module) => isWanted && setLoaded({ name, language: module.default }),
      // A chunk that cannot be loaded leaves the texts in English.
      () => {},
    );
    return () => {
      isWanted = false;
    };
  }, [name, inherits]);
  const texts = look.texts ?? above.texts;
  return useMemo(() => {
    if (inherits && above.words !== null) return above.words;
    return loaded.name === name ? wordsOf(locale, loaded.language, texts) : wordsOf("en", en, texts);
  }, [inherits, above.words, locale, name, loaded, texts]);
}

/** Class and part of an element: `{...part("card")}`. */
export function usePart(): (name: Part) => { className: string; part: string } {
  const { classNames } = useUi();
  return (name) => ({
    className: `carillon-${name}${classNames?.[name] === undefined ? "" : ` ${classNames[name]}`}`,
    part: name,
  });
}

/** What the outermost element of each component carries: tokens, direction, language. */
export function useRoot(): { "data-carillon": string; dir: "ltr" | "rtl"; lang: string } {
  const { words, theme } = useUi();
  return { "data-carillon": theme ?? "", dir: words.dir, lang: words.locale };
}

/** Shows what was done and offers to undo it; says so when the server refuses it. */
export function useDo(): (action: Action, text?: string) => void {
  const { notice, last, speech, words } = useUi();
  const watch = async (action: Action) => {
    if ((await action.done).status !== "refused") return;
    notice.set({ text: words.say("failed"), undo: null });
    speech.set(words.say("failed"));
  };
  return (action, text) => {
    void watch(action);
    const undo = () => {
      action.undo();
      last.undo = null;
      notice.set(null);
    };
    last.undo = undo;
    if (text === undefined) return notice.set(null);
    notice.set({ text, undo });
    speech.set(text);
  };
}
