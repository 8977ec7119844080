import { type RefObject, useEffect, useRef } from "react";

/** Where a panel opens: on which side of its anchor, and with which edge in line with it. */
export type Placement = "bottom-start" | "bottom-end" | "top-start" | "top-end";

/** To the anchor and to the edges of the window, in pixels. */
const GAP = 8;

/**
 * Puts an element of the top layer beside its anchor. It turns to the other side where it needs more than there is and
 * the other side has more.
 */
function place(popover: HTMLElement, anchor: Element, placement: Placement, needed: number): void {
  const { clientWidth: width, clientHeight: height } = document.documentElement;
  const box = anchor.getBoundingClientRect();
  const below = height - box.bottom - 2 * GAP;
  const above = box.top - 2 * GAP;
  const wantsTop = placement.startsWith("top");
  const isTop = wantsTop ? above >= needed || above > below : below < needed && above > below;
  // Of where the anchor stands: a bell may have another language than the page around it.
  const around = anchor.parentElement ?? (anchor.getRootNode() as Partial<ShadowRoot>).host ?? anchor;
  const isRtl = getComputedStyle(around).direction === "rtl";
  const isRight = placement.endsWith("end") !== isRtl;
  const room = width - popover.offsetWidth - GAP;
  const offset = Math.max(GAP, Math.min(room, isRight ? width - box.right : box.left));
  const px = (length: number) => `${length}px`;
  Object.assign(popover.style, {
    top: isTop ? "auto" : px(box.bottom + GAP),
    bottom: isTop ? px(height - box.top + GAP) : "auto",
    left: isRight ? "auto" : px(offset),
    right: isRight ? px(offset) : "auto",
    maxHeight: px(isTop ? above : below),
  });
}

interface Options {
  popover: RefObject<HTMLElement | null>;
  anchor: RefObject<Element | null>;
  placement: Placement;
  /** Pixels that it would like to have. */
  needed: number;
  /** Called before it opens and after it has closed. */
  onToggle: (isOpen: boolean) => void;
}

/** Keeps a popover in place while it is open, and moves the focus into it. The browser closes it and restores the focus. */
export function usePopover({ popover, anchor, placement, needed, onToggle }: Options): void {
  const toggled = useRef(onToggle);
  toggled.current = onToggle;
  useEffect(() => {
    const element = popover.current;
    if (element === null) return;
    const put = () => {
      if (anchor.current !== null) place(element, anchor.current, placement, needed);
    };
    let release = () => {};
    // Told of an end after it: to draw nothing any more while the browser hides it would lose the focus it restores.
    const onToggle = (event: Event) => {
      const isOpen = (event as ToggleEvent).newState === "open";
      if (event.target !== element || isOpen !== (event.type === "beforetoggle")) return;
      release();
      if (isOpen) {
        // Before it is painted, but when its size is known.
        const frame = requestAnimationFrame(() => {
          put();
          (element.querySelector<HTMLElement>("[data-focus]") ?? element).focus({ preventScroll: true });
        });
        addEventListener("resize", put);
        addEventListener("scroll", put, { capture: true, passive: true });
        release = () => {
          cancelAnimationFrame(frame);
          removeEventListener("resize", put);
          removeEventListener("scroll", put, { capture: true });
        };
      }
      toggled.current(isOpen);
    };
    element.addEventListener("beforetoggle", onToggle);
    element.addEventListener("toggle", onToggle);
    return () => {
      release();
      element.removeEventListener("beforetoggle", onToggle);
      element.removeEventListener("toggle", onToggle);
    };
  }, [popover, anchor, placement, needed]);
}
