import { createContext, type KeyboardEvent, type RefObject } from "react";

export type KeyHandler = (event: KeyboardEvent<HTMLElement>) => void;

/** The keys of the feed in a panel, for when something else in the panel has the focus. */
export const KeysContext = createContext<RefObject<KeyHandler | null> | null>(null);

/** Keys typed into a field belong to the field. */
export function isInField(target: EventTarget): boolean {
  return target instanceof Element && target.closest("input,textarea,select,[contenteditable]") !== null;
}
