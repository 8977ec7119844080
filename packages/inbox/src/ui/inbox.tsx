import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { BellButton } from "./bell.tsx";
import { isFocusLost } from "./focus.ts";
import { createLazy } from "./lazy.ts";
import { type Look, lookOf, Restyled, usePart, useRoot, useUi } from "./look.tsx";
import { type Placement, usePopover } from "./popover.ts";
import { useInbox } from "./provider.tsx";

export interface InboxProps extends Look {
  /** Where the panel opens. Default `bottom-end`. */
  placement?: Placement;
}

/** Loaded when the user goes for the bell: a page without a click costs half. */
const panelPart = createLazy(async () => (await import("./panel.tsx")).Panel);

/** A bell, and a panel that it opens in the top layer. */
export function Inbox({ placement = "bottom-end", ...look }: InboxProps): ReactNode {
  return (
    <Restyled look={lookOf(look)}>
      <BellAndPanel placement={placement} />
    </Restyled>
  );
}

function BellAndPanel({ placement }: { placement: Placement }): ReactNode {
  const { inbox, isOpen: shared } = useUi();
  const part = usePart();
  const root = useRoot();
  const bell = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const title = useId();
  const [isOpen, setOpen] = useState(false);
  const badge = useInbox((state) => state.badge);
  const Panel = panelPart.use();

  usePopover({
    popover: panel,
    anchor: bell,
    placement,
    needed: 400,
    onToggle(isOpen) {
      setOpen(isOpen);
      if (isOpen) panelPart.load();
      // Browsers do this in documents, but not in shadow trees.
      if (!isOpen && isFocusLost(bell.current, panel.current)) bell.current?.focus({ preventScroll: true });
    },
  });
  useEffect(() => {
    // The browser then knows that a click on the bell closes an open panel, once.
    if (bell.current !== null) bell.current.popoverTargetElement = panel.current;
  }, []);
  useEffect(() => {
    shared.set(isOpen);
    return () => shared.set(false);
  }, [shared, isOpen]);
  useEffect(() => {
    if (isOpen && badge > 0) inbox.opened();
  }, [inbox, isOpen, badge]);

  const { className, ...attributes } = part("panel");
  return (
    <>
      <BellButton button={bell} isOpen={isOpen} onIntent={panelPart.load} />
      <div
        {...root}
        {...attributes}
        className={`carillon-root ${className}`}
        ref={panel}
        popover="auto"
        role="dialog"
        aria-labelledby={title}
      >
        {isOpen && Panel !== null && <Panel title={title} close={() => panel.current?.hidePopover()} />}
      </div>
    </>
  );
}
