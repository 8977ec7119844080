import type { ReactNode } from "react";
import { Inbox as BellAndPanel } from "../ui/inbox.tsx";
import type { Look, Slots } from "../ui/look.tsx";
import type { Placement } from "../ui/popover.ts";
import { Toaster } from "../ui/toaster.tsx";
import { CarillonElement } from "./carillon-element.tsx";
import { Preferences } from "./lazy-preferences.tsx";

/** Slots of the light DOM, by the part of the inbox that they fill. */
const SLOTS = {
  bell: "Bell",
  "header-end": "HeaderEnd",
  empty: "Empty",
  loading: "Loading",
  footer: "Footer",
} as const satisfies Record<string, keyof Slots>;

const PLACEMENTS: readonly string[] = [
  "bottom-start",
  "bottom-end",
  "top-start",
  "top-end",
] satisfies Placement[];

/**
 * `<carillon-inbox host public-key distinct-id>`: bell, panel and toasts. More attributes: those of every Carillon
 * element, `placement`, `toasts` (a corner, as `placement`; without it there are none), `group-by` (`day`, `category`)
 * and `preferences` (the panel's menu leads to the preference centre).
 */
export class CarillonInbox extends CarillonElement {
  static override observedAttributes = [
    ...CarillonElement.observedAttributes,
    "placement",
    "toasts",
    "group-by",
    "preferences",
  ];

  protected override draw(look: Look): ReactNode {
    const slots: Slots = {};
    for (const [name, slot] of Object.entries(SLOTS)) {
      if (this.querySelector(`:scope > [slot="${name}"]`) !== null) slots[slot] = () => <slot name={name} />;
    }
    if (this.hasAttribute("preferences")) slots.Preferences = Preferences;
    const groupBy = this.getAttribute("group-by");
    const mine: Look = {
      ...look,
      slots,
      groupBy: look.groupBy ?? (groupBy === "day" || groupBy === "category" ? groupBy : undefined),
    };
    const toasts = this.getAttribute("toasts");
    return (
      <>
        <BellAndPanel {...mine} placement={placementOf(this.getAttribute("placement"))} />
        {toasts !== null && <Toaster {...mine} placement={placementOf(toasts)} />}
      </>
    );
  }
}

function placementOf(text: string | null): Placement {
  return text !== null && PLACEMENTS.includes(text) ? (text as Placement) : "bottom-end";
}
