import { allocateSlots, allocateText, spend, spendText } from "./runtime.ts";
import { characterEnd, isPlain } from "./text.ts";
import type { Runtime } from "./value.ts";

/*
 * Long work in small pieces, each paid for before it is done. Whatever goes over a list, makes one or scans a string
 * uses these functions: the clock cannot interrupt JavaScript's own `map`, `join` and `replaceAll`, which take a
 * second for a million items.
 */
const PIECE = 4096;

/** Makes a list of what `make` returns for each index. */
export function buildItems<Item>(rt: Runtime, count: number, make: (index: number) => Item): Item[] {
  allocateSlots(rt, count);
  const items: Item[] = [];
  for (let index = 0; index < count; index++) {
    spend(rt, 1);
    items.push(make(index));
  }
  return items;
}

/** Maps as `Array.map` does. */
export function mapItems<Item, Out>(rt: Runtime, items: readonly Item[], map: (item: Item) => Out): Out[] {
  allocateSlots(rt, items.length);
  const mapped: Out[] = [];
  for (const item of items) {
    spend(rt, 1);
    mapped.push(map(item));
  }
  return mapped;
}

/** Filters as `Array.filter` does, with the index. */
export function filterItems<Item>(
  rt: Runtime,
  items: readonly Item[],
  keep: (item: Item, index: number) => boolean,
): Item[] {
  const kept: Item[] = [];
  let index = 0;
  for (const item of items) {
    spend(rt, 1);
    if (!keep(item, index++)) continue;
    allocateSlots(rt, 0);
    kept.push(item);
  }
  return kept;
}

/** Splits a string into characters. */
export function charsOf(rt: Runtime, text: string): string[] {
  spendText(rt, text.length);
  // A character beyond Latin-1 is a string of its own; one beyond the basic plane counts as two units.
  allocateSlots(rt, text.length * (isPlain(text) ? 2 : 1));
  const chars: string[] = [];
  for (let at = 0, end = 0; at < text.length; at = end) {
    end = characterEnd(text, at);
    spend(rt, 1);
    chars.push(text.slice(at, end));
  }
  return chars;
}

/** Passes a string on in pieces, none of which ends inside a character. `cost` is in steps per character. */
export function eachPiece(rt: Runtime, text: string, cost: number, use: (piece: string) => void): void {
  for (let at = 0, end = 0; at < text.length; at = end) {
    end = Math.min(at + PIECE, text.length);
    if (end < text.length) end = characterEnd(text, end - 1);
    spend(rt, Math.ceil((end - at) * cost));
    use(text.slice(at, end));
  }
}

/**
 * Maps a string through `change`, which must treat each character independently and take at most half a step for it.
 */
export function mapText(rt: Runtime, text: string, change: (piece: string) => string): string {
  if (text.length <= PIECE) {
    spend(rt, text.length >> 1);
    const changed = change(text);
    allocateText(rt, changed.length);
    return changed;
  }
  const draft = createDraft();
  eachPiece(rt, text, 0.5, (piece) => append(rt, draft, change(piece)));
  return finish(rt, draft);
}

/**
 * A string under construction. JavaScript only records which part follows which, and copies them when the string is
 * first read.
 */
export interface Draft {
  text: string;
}

export function createDraft(): Draft {
  return { text: "" };
}

/** The memory of such a record, in characters. */
const PART_COST = 8;

export function append(rt: Runtime, draft: Draft, text: string): void {
  spend(rt, 1);
  allocateText(rt, text.length + PART_COST);
  draft.text += text;
}

export function joinTexts(rt: Runtime, between: string, texts: readonly string[]): string {
  const draft = createDraft();
  for (const [index, text] of texts.entries()) {
    if (index > 0 && between !== "") append(rt, draft, between);
    append(rt, draft, text);
  }
  return finish(rt, draft);
}

/** Completes a draft. Its parts were allocated when made; together they are one more string. */
export function finish(rt: Runtime, { text }: Draft): string {
  allocateText(rt, text.length);
  return text;
}
