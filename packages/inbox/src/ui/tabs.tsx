import { type KeyboardEvent, type ReactNode, useId } from "react";
import { type Look, lookOf, Restyled, usePart, useUi } from "./look.tsx";
import { useInbox } from "./provider.tsx";

export interface TabsProps extends Look {
  /** The id of the store that is shown. */
  selected: string;
  onSelect: (store: string) => void;
}

/** The stores of the inbox as tabs, each with its number of unread items. */
export function Tabs({ selected, onSelect, ...look }: TabsProps): ReactNode {
  const id = useId();
  return (
    <Restyled look={lookOf(look)}>
      <TabList selected={selected} onSelect={onSelect} id={id} />
    </Restyled>
  );
}

/** `id` begins the ids of the tabs: `<id>-<store>`. */
export function TabList({ selected, onSelect, id }: TabsProps & { id: string }): ReactNode {
  const { inbox, words } = useUi();
  const part = usePart();
  const stores = useInbox((state) => state.stores);
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const isRtl = words.dir === "rtl";
    const step = { ArrowRight: isRtl ? -1 : 1, ArrowLeft: isRtl ? 1 : -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const at = inbox.stores.findIndex((store) => store.id === selected);
    const next = inbox.stores[(at + step + inbox.stores.length) % inbox.stores.length];
    if (next === undefined) return;
    onSelect(next.id);
    const root = event.currentTarget.getRootNode() as Document;
    root.getElementById(`${id}-${next.id}`)?.focus();
  };
  return (
    <div {...part("tabs")} role="tablist" aria-label={words.say("title")} onKeyDown={onKeyDown}>
      {inbox.stores.map((store) => {
        const unread = stores[store.id]?.unread ?? 0;
        return (
          <button
            key={store.id}
            {...part("tab")}
            id={`${id}-${store.id}`}
            type="button"
            role="tab"
            aria-selected={store.id === selected}
            tabIndex={store.id === selected ? 0 : -1}
            onClick={() => onSelect(store.id)}
          >
            {store.label ?? store.id}
            {unread > 0 && (
              <>
                <span {...part("count")} aria-hidden="true">
                  {new Intl.NumberFormat(words.locale, { notation: "compact" }).format(unread)}
                </span>
                <span className="carillon-hidden">, {words.say("unread", { n: unread })}</span>
              </>
            )}
          </button>
        );
      })}
    </div>
  );
}
