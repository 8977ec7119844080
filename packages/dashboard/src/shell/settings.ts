import { useSyncExternalStore } from "react";

/** How this browser shows the dashboard. Kept in local storage; other tabs follow. */
export interface Settings {
  theme: "system" | "light" | "dark";
  density: "comfortable" | "compact";
  /** Whose time instants are shown in. */
  zone: "mine" | "utc";
  /** Single letters as keys: off for those whose speech input types them. */
  singleKeys: boolean;
}

const KEY = "carillon.settings";
const DEFAULTS: Settings = { theme: "system", density: "comfortable", zone: "mine", singleKeys: true };
const listeners = new Set<() => void>();
let current = read();

function read(): Settings {
  try {
    return { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Settings>) };
  } catch {
    return DEFAULTS;
  }
}

export function getSettings(): Settings {
  return current;
}

export function changeSettings(changes: Partial<Settings>): void {
  current = { ...current, ...changes };
  localStorage.setItem(KEY, JSON.stringify(current));
  applySettings();
}

/** Puts them on the page; also at the start, before anything is drawn. */
export function applySettings(): void {
  const { theme, density } = current;
  document.documentElement.dataset.theme = theme;
  document.documentElement.dataset.density = density;
  for (const listener of listeners) listener();
}

export function followOtherTabs(): void {
  addEventListener("storage", ({ key }) => {
    if (key !== KEY) return;
    current = read();
    applySettings();
  });
}

export function useSettings(): Settings {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, getSettings);
}
