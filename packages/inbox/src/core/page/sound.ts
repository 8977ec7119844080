import type { Player } from "./player.ts";
import { createCell } from "../signals.ts";
import type { InboxOptions, Sound } from "../types.ts";

/** Where this origin keeps whether it is on. */
const KEY = "carillon-sound";

export interface Speaker extends Sound {
  /** Something arrived. Is heard where the user wants it and the browser lets the page. */
  play: () => void;
  /** Follows what is switched in other tabs, and gets ready with the first gesture. */
  start: (signal: AbortSignal) => void;
}

/** Sound, off until the user switches it on: what makes it is loaded then. */
export function createSound(source: InboxOptions["sound"]): Speaker {
  const isOn = createCell(false);
  let player: Promise<Player> | null = null;

  function use(work: (player: Player) => void): void {
    if (!isOn.get()) return;
    player ??= import("./player.ts").then(({ createPlayer }) => createPlayer(source));
    player.then(work).catch(() => {});
  }
  const unlock = () => use((player) => player.unlock());

  return {
    getState: isOn.get,
    onChange: isOn.onChange,
    set(on) {
      isOn.set(on);
      unlock();
      try {
        localStorage.setItem(KEY, on ? "on" : "off");
      } catch {
        // Storage is denied: it holds for this visit.
      }
    },
    play: () => use((player) => player.play()),
    start(signal) {
      if (typeof document === "undefined") return;
      const read = () => {
        try {
          isOn.set(localStorage.getItem(KEY) === "on");
        } catch {
          // As above.
        }
      };
      read();
      addEventListener("storage", ({ key }) => key === KEY && read(), { signal });
      for (const gesture of ["pointerdown", "keydown"])
        document.addEventListener(gesture, unlock, { signal });
    },
  };
}
