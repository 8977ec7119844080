import { allocateSlots, allocateText, spend, spendText } from "./runtime.ts";
import { characterEnd, isPlain } from "./text.ts";
import type { Runtime } from "./value.ts";

/*
 * Long work in small pieces, each paid for before it is done: what goes over a list, makes one, or goes through a text
 * does it by one of these. JavaScript's own `map`, `join` and `replaceAll` are out of reach of the clock until they
 * are done, with a million items a second later.
 */
const PIECE = 4096;

/** A list of what `make` gives for each place. */
export function buildItems<Item>(rt: Runtime, count: number, make: (index: number) => Item): Item[] {
  allocateSlots(rt, count);
  const items: Item[] = [];
  for (let index = 0; index < count; index++) {
    spend(rt, 1);
    items.push(make(index));
  }
  return items;
}

/** As `Array.map`. */
export function mapItems<Item, Out>(rt: Runtime, items: readonly Item[], map: (item: Item) => Out): Out[] {
  allocateSlots(rt, items.length);
  const mapped: Out[] = [];
  for (const item of items) {
    spend(rt, 1);
    mapped.push(map(item));
  }
  return mapped;
}

/** As `Array.filter`, with the index. */
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

/** The characters of a text. */
export function charsOf(rt: Runtime, text: string): string[] {
  spendText(rt, text.length);
  // One beyond Latin-1 is a string of its own; one beyond the basic plane is two units of the length.
  allocateSlots(rt, text.length * (isPlain(text) ? 2 : 1));
  const chars: string[] = [];
  for (let at = 0, end = 0; at < text.length; at = end) {
    end = characterEnd(text, at);
    spend(rt, 1);
    chars.push(text.slice(at, end));
  }
  return chars;
}

/** Hands over a text piece by piece; none ends inside a character. `cost` is in steps a character. */
export function eachPiece(rt: Runtime, text: string, cost: number, use: (piece: string) => void): void {
  for (let at = 0, end = 0; at < text.length; at = end) {
    end = Math.min(at + PIECE, text.length);
    if (end < text.length) end = characterEnd(text, end - 1);
    spend(rt, Math.ceil((end - at) * cost));
    use(text.slice(at, end));
  }
}

/** A text of which `change` changes each character by itself, in at most half a step. */
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

/** A text that is being put together. JavaScript only notes what follows what, and copies it once it is read. */
export interface Draft {
  text: string;
}

export function createDraft(): Draft {
  return { text: "" };
}

/** What the note takes, in characters. */
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

/** Parts were allocated when they were made; together they are a text once more. */
export function finish(rt: Runtime, { text }: Draft): string {
  allocateText(rt, text.length);
  return text;
}
