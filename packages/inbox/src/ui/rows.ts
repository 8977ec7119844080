import type { Item } from "../core/types.ts";

/** What the feed shows, one after the other. */
export interface Row {
  item: Item;
  /** Stands above it: it begins a group. */
  heading: string | null;
  /** Items that it stands for besides itself. */
  others: number;
  /** Whether those are shown. */
  isOpen: boolean;
  /** One of those that an open stack shows. */
  isNested: boolean;
}

/**
 * Items of the same `collapse_key` become one row, the newest of them, until their stack is opened. `headingOf` names
 * the group of an item; a heading stands where the name changes.
 */
export function toRows(
  items: readonly Item[],
  openStacks: ReadonlySet<string>,
  headingOf: (item: Item) => string | null,
): Row[] {
  const stacks = new Map<string, Item[]>();
  for (const item of items) {
    if (item.collapse_key === null) continue;
    const stack = stacks.get(item.collapse_key);
    if (stack === undefined) stacks.set(item.collapse_key, [item]);
    else stack.push(item);
  }
  const rows: Row[] = [];
  let group: string | null = null;
  for (const item of items) {
    const stack = item.collapse_key === null ? undefined : stacks.get(item.collapse_key);
    if (stack !== undefined && stack[0] !== item) continue;
    const name = headingOf(item);
    const others = stack === undefined ? 0 : stack.length - 1;
    const isOpen = others > 0 && openStacks.has(item.collapse_key ?? "");
    rows.push({ item, heading: name === group ? null : name, others, isOpen, isNested: false });
    group = name;
    if (!isOpen || stack === undefined) continue;
    for (const other of stack.slice(1)) {
      rows.push({ item: other, heading: null, others: 0, isOpen: false, isNested: true });
    }
  }
  return rows;
}
