import { type KeyboardEvent, type ReactNode, type RefObject, useLayoutEffect, useRef } from "react";
import { focusedNear, isFocusLost } from "./focus.ts";
import { Icon, type IconName } from "./icon.tsx";
import { usePart } from "./look.tsx";
import { usePopover } from "./popover.ts";

export interface Option {
  text: string;
  icon: IconName;
  /** At its end: a point in time. */
  detail?: string;
  /** Of one that is on or off. */
  isOn?: boolean;
  run: () => void;
  /** The menu stays, with what `run` has put there. */
  stays?: boolean;
}

interface Properties {
  anchor: RefObject<Element | null>;
  label: string;
  options: readonly Option[];
  onClose: () => void;
  /** In place of options: a form. */
  children?: ReactNode;
}

/** Open as long as it is drawn. */
export function Menu({ anchor, label, options, onClose, children }: Properties): ReactNode {
  const part = usePart();
  const popover = useRef<HTMLDivElement>(null);
  const closed = useRef(false);
  const before = useRef<HTMLElement | null>(null);
  /** The browser gives the focus back for the first popover alone, and this one is in a panel that is one. */
  const restoreFocus = () => {
    if (isFocusLost(anchor.current, popover.current)) before.current?.focus({ preventScroll: true });
  };
  const close = () => {
    popover.current?.hidePopover();
    restoreFocus();
  };
  usePopover({
    popover,
    anchor,
    placement: "bottom-end",
    needed: 240,
    onToggle: (isOpen) => {
      if (isOpen || closed.current) return;
      restoreFocus();
      onClose();
    },
  });
  useLayoutEffect(() => {
    // After the listener of `usePopover` is there. The next key is for the menu, whenever it is painted.
    queueMicrotask(() => {
      before.current = focusedNear(anchor.current);
      popover.current?.showPopover();
      popover.current?.querySelector<HTMLElement>("[data-focus]")?.focus();
    });
    // A click on the button that opened it then closes it, instead of closing it and opening it again.
    // Not yet, because this may be the click that opens it.
    const button = anchor.current instanceof HTMLButtonElement ? anchor.current : null;
    const timer = setTimeout(() => {
      if (button !== null) button.popoverTargetElement = popover.current;
    });
    return () => {
      closed.current = true;
      clearTimeout(timer);
      if (button !== null) button.popoverTargetElement = null;
    };
  }, [anchor]);
  // What takes the place of the options takes the focus, too.
  useLayoutEffect(() => {
    if (popover.current?.matches(":popover-open") === true) {
      popover.current.querySelector<HTMLElement>("[data-focus]")?.focus();
    }
  }, [label]);

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    // Keys in a menu are for the menu, and the next one is for what it was opened from.
    event.stopPropagation();
    if (event.key === "Escape") {
      event.preventDefault();
      close();
    }
    if (event.key === "Tab" && children === undefined) popover.current?.hidePopover();
    const step = { ArrowDown: 1, ArrowUp: -1, Home: 0, End: 0 }[event.key];
    if (step === undefined || children !== undefined) return;
    event.preventDefault();
    const all = [...event.currentTarget.querySelectorAll<HTMLElement>("button")];
    const at = all.findIndex((one) => one === focusedNear(one));
    const next = step === 0 ? (event.key === "Home" ? 0 : -1) : (at + step) % all.length;
    all.at(next)?.focus();
  };

  return (
    <div
      {...part("menu")}
      ref={popover}
      popover="auto"
      role={children === undefined ? "menu" : "dialog"}
      aria-label={label}
      tabIndex={-1}
      onKeyDown={onKeyDown}
    >
      {children ??
        options.map(({ text, icon, detail, isOn, run, stays }, index) => (
          <button
            key={text}
            {...part("option")}
            type="button"
            role={isOn === undefined ? "menuitem" : "menuitemcheckbox"}
            aria-checked={isOn}
            tabIndex={-1}
            data-focus={index === 0 ? "" : undefined}
            onClick={() => {
              if (stays !== true) close();
              run();
            }}
          >
            <Icon name={icon} />
            <span>{text}</span>
            {detail !== undefined && <small>{detail}</small>}
            {isOn === true && <Icon name="check" />}
          </button>
        ))}
    </div>
  );
}
