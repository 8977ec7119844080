import { type RefObject, useCallback, useLayoutEffect, useMemo, useRef, useState } from "react";

/** Pixels above and below what is seen that are drawn as well. */
const OVERSCAN = 400;
/** Pixels that a row is taken to need until it is measured. */
const GUESS = 92;

/** The rows of a long list that are drawn, at which height, and how to get to one. */
export interface RowWindow {
  /** Indexes of the rows to draw, ascending. */
  drawn: readonly number[];
  /** Pixels from the top of the list; of the row after the last, its height. */
  topOf: (index: number) => number;
  /** Scrolls as little as it takes to have the row in sight. */
  reveal: (index: number) => void;
  /** Indexes of the rows that are in sight now. */
  visible: () => number[];
}

/**
 * Draws of a list of rows of any height only what is near. Rows are put at their heights, measured once they are drawn;
 * what the user looks at stays where it is, whatever arrives or grows above it. `content-visibility` would keep all of
 * 10,000 rows in the document: 230,000 nodes of it, where this has 700.
 * @param kept A row that is drawn wherever it is, because it has the focus; -1 for none.
 */
export function useRowWindow(
  scroller: RefObject<HTMLElement | null>,
  list: RefObject<HTMLElement | null>,
  keys: readonly string[],
  kept: number,
): RowWindow {
  const heights = useRef(new Map<string, number>());
  const [measured, setMeasured] = useState(0);
  const [span, setSpan] = useState({ first: 0, last: 12 });
  /** The first row in sight, and how far it is scrolled out of it. */
  const anchor = useRef<{ key: string; offset: number } | null>(null);

  const tops = useMemo(() => {
    // As many heights as there are; `measured` says when they have changed.
    void measured;
    const tops = new Float64Array(keys.length + 1);
    for (const [index, key] of keys.entries()) {
      tops[index + 1] = (tops[index] ?? 0) + (heights.current.get(key) ?? GUESS);
    }
    return tops;
  }, [keys, measured]);
  const latest = useRef({ tops, keys });
  latest.current = { tops, keys };

  const look = useCallback(() => {
    const element = scroller.current;
    if (element === null) return;
    const { scrollTop, clientHeight } = element;
    const { tops, keys } = latest.current;
    const top = rowAt(tops, scrollTop);
    const key = keys[top];
    anchor.current = key === undefined ? null : { key, offset: scrollTop - (tops[top] ?? 0) };
    const first = rowAt(tops, scrollTop - OVERSCAN);
    const last = rowAt(tops, scrollTop + clientHeight + OVERSCAN);
    setSpan((span) => (span.first === first && span.last === last ? span : { first, last }));
  }, [scroller]);

  const observer = useRef<ResizeObserver | null>(null);
  const measure = useCallback(() => {
    let hasChanged = false;
    for (const row of list.current?.children ?? []) {
      const { key } = (row as HTMLElement).dataset;
      const { height } = row.getBoundingClientRect();
      if (key === undefined || height === 0 || heights.current.get(key) === height) continue;
      heights.current.set(key, height);
      hasChanged = true;
    }
    if (hasChanged) setMeasured((times) => times + 1);
  }, [list]);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const watch = new ResizeObserver(() => {
      measure();
      look();
    });
    watch.observe(element);
    observer.current = watch;
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      watch.disconnect();
      observer.current = null;
      element.removeEventListener("scroll", look);
    };
  }, [scroller, look, measure]);
  useLayoutEffect(() => {
    for (const row of list.current?.children ?? []) observer.current?.observe(row);
    measure();
    const element = scroller.current;
    const at = anchor.current === null ? -1 : keys.indexOf(anchor.current.key);
    if (element === null || anchor.current === null || at === -1 || element.scrollTop < 1) return;
    const wanted = (tops[at] ?? 0) + anchor.current.offset;
    if (Math.abs(wanted - element.scrollTop) >= 1) element.scrollTop = wanted;
  });
  useLayoutEffect(look, [look, tops]);

  const drawn = useMemo(() => {
    const last = Math.min(span.last, keys.length - 1);
    const indexes: number[] = [];
    for (let index = span.first; index <= last; index++) indexes.push(index);
    if (kept >= 0 && kept < span.first) indexes.unshift(kept);
    if (kept > last && kept < keys.length) indexes.push(kept);
    return indexes;
  }, [span, keys.length, kept]);

  return {
    drawn,
    topOf: (index) => tops[index] ?? 0,
    reveal(index) {
      const element = scroller.current;
      if (element === null) return;
      const top = tops[index] ?? 0;
      const bottom = tops[index + 1] ?? top;
      if (top < element.scrollTop) element.scrollTop = top;
      else if (bottom > element.scrollTop + element.clientHeight) {
        element.scrollTop = Math.min(top, bottom - element.clientHeight);
      }
    },
    visible() {
      const element = scroller.current;
      if (element === null || element.clientHeight === 0) return [];
      const first = rowAt(tops, element.scrollTop);
      const last = rowAt(tops, element.scrollTop + element.clientHeight - 1);
      return Array.from({ length: Math.min(last, keys.length - 1) - first + 1 }, (_, index) => first + index);
    },
  };
}

/** The index of the row at this height, by halving. */
function rowAt(tops: Float64Array, height: number): number {
  let low = 0;
  let high = Math.max(0, tops.length - 2);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((tops[middle] ?? 0) <= height) low = middle;
    else high = middle - 1;
  }
  return low;
}
