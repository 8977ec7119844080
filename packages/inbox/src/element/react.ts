/**
 * What the components take from React, by Preact: the element's bundle has this in its place. Not `preact/compat`,
 * which costs 4 KB for what the components do without: they use no synthetic events, portals or `memo`.
 */
import { useEffect, useLayoutEffect, useReducer, useRef } from "preact/hooks";

export { createContext } from "preact";
export {
  useCallback,
  useContext,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "preact/hooks";

export function useSyncExternalStore<T>(subscribe: (listener: () => void) => () => void, read: () => T): T {
  const [, draw] = useReducer<number, void>((times) => times + 1, 0);
  const value = read();
  const latest = useRef({ read, value });
  useLayoutEffect(() => {
    latest.current = { read, value };
  });
  useEffect(() => {
    const look = () => {
      if (!Object.is(latest.current.read(), latest.current.value)) draw();
    };
    // It may have changed since it was drawn.
    look();
    return subscribe(look);
  }, [subscribe]);
  return value;
}
