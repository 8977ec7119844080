import { type ReactNode, useEffect, useRef, useState } from "react";
import { FeedList } from "./feed.tsx";
import { isInField, KeysContext, type KeyHandler } from "./keys.ts";
import { useDo, usePart, useUi } from "./look.tsx";
import { Menu, type Option } from "./menu.tsx";
import { NoticeBar } from "./notice.tsx";
import { useInbox } from "./provider.tsx";
import { TabList } from "./tabs.tsx";
import { Tool } from "./tool.tsx";
import { useValue, type Value } from "./value.ts";

/** What is in the panel while it is open: header, tabs, feed, and what was just done. */
export function Panel({ title, close }: { title: string; close: () => void }): ReactNode {
  const { inbox, slots } = useUi();
  const [store, setStore] = useState(inbox.stores[0]?.id ?? "");
  const [hasPreferences, showPreferences] = useState(false);
  const keys = useRef<KeyHandler | null>(null);
  const Preferences = slots?.Preferences;
  const Footer = slots?.Footer;
  const part = usePart();
  const content = useRef<HTMLDivElement>(null);
  // React 18 draws it after the browser has opened the panel, and the others before.
  useEffect(() => content.current?.focus({ preventScroll: true }), []);
  return (
    <KeysContext.Provider value={keys}>
      {/* oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- keys bubble from what has the focus */}
      <div
        className="carillon-content"
        ref={content}
        tabIndex={-1}
        data-focus=""
        onKeyDown={(event) => {
          if (hasPreferences || event.defaultPrevented) return;
          const tab = /^[1-9]$/.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey;
          const wanted = tab && !isInField(event.target) ? inbox.stores[Number(event.key) - 1] : undefined;
          if (wanted === undefined) keys.current?.(event);
          else setStore(wanted.id);
        }}
      >
        <Header
          title={title}
          store={store}
          close={close}
          back={hasPreferences ? () => showPreferences(false) : null}
          openPreferences={Preferences === undefined ? null : () => showPreferences(true)}
        />
        {hasPreferences && Preferences !== undefined ? (
          <Preferences />
        ) : (
          <>
            {inbox.stores.length > 1 && <TabList selected={store} onSelect={setStore} id={title} />}
            <FeedList
              key={store}
              store={store}
              labelledBy={title}
              tab={inbox.stores.length > 1 ? `${title}-${store}` : null}
            />
          </>
        )}
        <NoticeBar />
        {Footer !== undefined && (
          <div {...part("footer")}>
            <Footer />
          </div>
        )}
      </div>
    </KeysContext.Provider>
  );
}

interface HeaderProps {
  title: string;
  store: string;
  close: () => void;
  /** From the preferences to the feed. */
  back: (() => void) | null;
  openPreferences: (() => void) | null;
}

function Header({ title, store, close, back, openPreferences }: HeaderProps): ReactNode {
  const { inbox, slots, words } = useUi();
  const part = usePart();
  const act = useDo();
  const menu = useRef<HTMLButtonElement>(null);
  const [isMenuOpen, setMenuOpen] = useState(false);
  const unread = useInbox((state) => state.stores[store]?.unread ?? 0);
  const isSoundOn = useValue(soundOf(inbox));
  const Custom = slots?.Header;
  const End = slots?.HeaderEnd;
  if (Custom !== undefined && back === null) return <Custom />;

  const options: Option[] = [
    {
      icon: "archive",
      text: words.say("archiveAll"),
      run: () => act(inbox.archiveAll(store), words.say("archivedAll")),
    },
    {
      icon: "sound",
      text: words.say("sound"),
      isOn: isSoundOn,
      run: () => inbox.sound.set(!isSoundOn),
    },
  ];
  if (openPreferences !== null) {
    options.push({ icon: "settings", text: words.say("settings"), run: openPreferences });
  }
  return (
    <header {...part("header")}>
      {back !== null && <Tool icon="back" label={words.say("title")} onClick={back} />}
      <h2 {...part("title")} id={title}>
        {words.say(back === null ? "title" : "preferences")}
      </h2>
      {End !== undefined && <End />}
      {back === null && (
        <>
          {unread > 0 && (
            <Tool
              icon="checks"
              label={words.say("readAll")}
              onClick={() => act(inbox.readAll(store), words.say("readAllDone"))}
            />
          )}
          <Tool
            icon="more"
            label={words.say("menu")}
            button={menu}
            isOpen={isMenuOpen}
            onClick={() => setMenuOpen(!isMenuOpen)}
          />
          {isMenuOpen && (
            <Menu
              anchor={menu}
              label={words.say("menu")}
              options={options}
              onClose={() => setMenuOpen(false)}
            />
          )}
        </>
      )}
      <Tool icon="close" label={words.say("close")} onClick={close} />
    </header>
  );
}

/** The core's sound as a value. */
function soundOf({ sound }: ReturnType<typeof useUi>["inbox"]): Value<boolean> {
  return { get: sound.getState, set: sound.set, subscribe: sound.onChange };
}
