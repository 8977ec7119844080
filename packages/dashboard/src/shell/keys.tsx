import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from "react";
import { getSettings } from "./settings.ts";

/**
 * The one registry of keys. A page adds its own while it is shown; the sheet lists what is there. A key is `j`, `?`,
 * `mod+k` (⌘ or Ctrl), or a sequence such as `g w`.
 */
export interface Key {
  keys: string;
  label: string;
  group: "go" | "move" | "act" | "app";
  run: () => void;
}

interface Registry {
  add: (keys: readonly Key[]) => () => void;
  list: readonly Key[];
}

const KeysContext = createContext<Registry>({ add: () => () => {}, list: [] });
/** How long the second key of a sequence may take. */
const SEQUENCE_MS = 1200;

export function KeysProvider({ children }: { children: ReactNode }) {
  const [groups, setGroups] = useState<readonly (readonly Key[])[]>([]);
  const list = useMemo(() => groups.flat(), [groups]);
  const latest = useRef(list);
  latest.current = list;
  const registry = useMemo<Registry>(
    () => ({
      list,
      add(keys) {
        setGroups((before) => [...before, keys]);
        return () => setGroups((before) => before.filter((group) => group !== keys));
      },
    }),
    [list],
  );
  useEffect(() => {
    let first = { key: "", at: 0 };
    const onKey = (event: KeyboardEvent) => {
      const pressed = nameOf(event);
      const isSingle = !pressed.startsWith("mod+");
      if (event.defaultPrevented || event.isComposing) return;
      if (isSingle && (isBusy(event.target) || !getSettings().singleKeys)) return;
      const sequence = Date.now() - first.at < SEQUENCE_MS ? `${first.key} ${pressed}` : pressed;
      // The last that was added wins: a page over the shell, a dialog over a page.
      const found =
        latest.current.findLast(({ keys }) => keys === sequence) ??
        latest.current.findLast(({ keys }) => keys === pressed);
      first = { key: pressed, at: Date.now() };
      if (found === undefined) return;
      first = { key: "", at: 0 };
      event.preventDefault();
      found.run();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  return <KeysContext value={registry}>{children}</KeysContext>;
}

/** Adds keys while the caller is on the page. */
export function useKeys(keys: readonly Key[]): void {
  const { add } = useContext(KeysContext);
  const latest = useRef(keys);
  latest.current = keys;
  const names = keys.map((key) => `${key.keys}\n${key.label}`).join("\n\n");
  const addRef = useRef(add);
  addRef.current = add;
  useEffect(() => {
    const stable = latest.current.map((key, index) => ({
      ...key,
      run: () => latest.current[index]?.run(),
    }));
    return addRef.current(stable);
  }, [names]);
}

export function useKeyList(): readonly Key[] {
  return useContext(KeysContext).list;
}

function nameOf(event: KeyboardEvent): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.metaKey || event.ctrlKey) return `mod+${event.shiftKey ? "shift+" : ""}${key}`;
  return event.altKey ? `alt+${key}` : key;
}

/** Someone types there, or a list or menu has keys of its own. */
function isBusy(target: EventTarget | null): boolean {
  if (!(target instanceof Element)) return false;
  return (
    target.closest(
      "input, textarea, select, [contenteditable], [role=dialog], [role=menu], [role=listbox], .cm-editor, .editor",
    ) !== null
  );
}
