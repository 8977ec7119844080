import { type ReactNode, useEffect, useRef, useSyncExternalStore } from "react";
import { createLazy } from "./lazy.ts";
import { type Look, lookOf, Restyled, usePart, useRoot, useUi } from "./look.tsx";
import type { Placement } from "./popover.ts";
import { useValue } from "./value.ts";

export interface ToasterProps extends Look {
  /** The corner of the window. Default `bottom-end`. */
  placement?: Placement;
}

/** Loaded with the first toast. */
const listPart = createLazy(async () => (await import("./toast-list.tsx")).ToastList);

/** Items as they arrive, in a corner of the window, while no panel is open. Above everything else on the page. */
export function Toaster({ placement = "bottom-end", ...look }: ToasterProps): ReactNode {
  return (
    <Restyled look={lookOf(look)}>
      <Toasts placement={placement} />
    </Restyled>
  );
}

function Toasts({ placement }: { placement: Placement }): ReactNode {
  const { inbox, words, isOpen } = useUi();
  const part = usePart();
  const root = useRoot();
  const region = useRef<HTMLDivElement>(null);
  const { toasts } = inbox;
  const all = useSyncExternalStore(toasts.onChange, toasts.getState, toasts.getState);
  const isPanelOpen = useValue(isOpen);
  const shown = isPanelOpen ? [] : all;
  const isAny = shown.length > 0;
  const ToastList = listPart.use();
  useEffect(() => {
    // What the panel shows needs no toast.
    if (isPanelOpen) for (const { id } of all) toasts.dismiss(id);
  }, [toasts, isPanelOpen, all]);
  useEffect(() => {
    const element = region.current;
    if (element === null) return;
    if (isAny) listPart.load();
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
      {ToastList !== null && isAny && <ToastList toasts={shown} />}
    </div>
  );
}
