import { type MouseEvent, type ReactNode, useEffect, useRef, useSyncExternalStore } from "react";
import { ago } from "../languages/time.ts";
import { Icon } from "./icon.tsx";
import { follow, Link } from "./links.tsx";
import { Picture } from "./item.tsx";
import { type Look, lookOf, Restyled, usePart, useRoot, useUi } from "./look.tsx";
import { plain } from "./text.tsx";
import type { Placement } from "./popover.ts";
import { useValue } from "./value.ts";

export interface ToasterProps extends Look {
  /** The corner of the window. Default `bottom-end`. */
  placement?: Placement;
}

/** Items as they arrive, in a corner of the window, while no panel is open. Above everything else on the page. */
export function Toaster({ placement = "bottom-end", ...look }: ToasterProps): ReactNode {
  return (
    <Restyled look={lookOf(look)}>
      <Toasts placement={placement} />
    </Restyled>
  );
}

function Toasts({ placement }: { placement: Placement }): ReactNode {
  const ui = useUi();
  const { inbox, words } = ui;
  const part = usePart();
  const root = useRoot();
  const region = useRef<HTMLDivElement>(null);
  const { toasts } = inbox;
  const all = useSyncExternalStore(toasts.onChange, toasts.getState, toasts.getState);
  const isPanelOpen = useValue(ui.isOpen);
  const shown = isPanelOpen ? [] : all;
  const isAny = shown.length > 0;
  useEffect(() => {
    // What the panel shows needs no toast.
    if (isPanelOpen) for (const { id } of all) toasts.dismiss(id);
  }, [toasts, isPanelOpen, all]);
  useEffect(() => {
    const element = region.current;
    if (element === null) return;
    if (isAny) element.showPopover();
    else element.hidePopover();
  }, [isAny]);
  const { className, ...attributes } = part("toasts");
  return (
    <div
      {...root}
      {...attributes}
      className={`carillon-root ${className}`}
      ref={region}
      popover="manual"
      role="region"
      aria-label={words.say("title")}
      data-placement={placement}
      onPointerEnter={toasts.pause}
      onPointerLeave={toasts.resume}
      onFocusCapture={toasts.pause}
      onBlurCapture={toasts.resume}
    >
      {shown.map(({ id, item }) => {
        const { header = "", text, url = "", open_in_new_tab, avatar } = item.message;
        const onClick = (event: MouseEvent<HTMLElement>) => {
          follow(ui, item, null, event);
          toasts.dismiss(id);
        };
        const title = header === "" ? plain(text) : header;
        return (
          <div key={id} {...part("toast")}>
            {avatar !== undefined && (
              <div {...part("avatar")}>
                <Picture url={avatar.avatar_url} />
              </div>
            )}
            <div className="carillon-body">
              <strong {...part("heading")} dir="auto">
                {url === "" ? (
                  title
                ) : (
                  <Link href={url} isNewTab={open_in_new_tab} className="carillon-main" onClick={onClick}>
                    {title}
                  </Link>
                )}
              </strong>
              {header !== "" && (
                <p {...part("text")} dir="auto">
                  {plain(text)}
                </p>
              )}
              <span {...part("time")}>{ago(words.locale, item.created_on, Date.now())}</span>
            </div>
            <button
              {...part("tool")}
              type="button"
              aria-label={words.say("close")}
              onClick={() => toasts.dismiss(id)}
            >
              <Icon name="close" />
            </button>
          </div>
        );
      })}
    </div>
  );
}
