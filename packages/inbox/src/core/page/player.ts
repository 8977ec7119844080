import type { InboxOptions } from "../types.ts";

/** Items that come together are heard once. */
const ONCE_IN = 2_000;

export interface Player {
  play: () => void;
  /** To be called in a gesture: browsers let no page sound before one. */
  unlock: () => void;
}

/** What is heard when items arrive. */
export function createPlayer(source: InboxOptions["sound"]): Player {
  let context: AudioContext | null = null;
  let last = -Infinity;

  /** Two notes of a bell: nothing is loaded. */
  function chime(context: AudioContext): void {
    const { currentTime, destination, state } = context;
    if (state !== "running") return;
    for (const [at, frequency] of [
      [0, 880],
      [0.12, 1318.5],
    ] as const) {
      const start = currentTime + at;
      const note = new OscillatorNode(context, { frequency });
      const volume = new GainNode(context, { gain: 0 });
      volume.gain.setValueAtTime(0, start);
      volume.gain.linearRampToValueAtTime(0.12, start + 0.01);
      volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.6);
      note.connect(volume).connect(destination);
      note.start(start);
      note.stop(start + 0.7);
    }
  }

  return {
    unlock() {
      if (source !== undefined || typeof AudioContext === "undefined") return;
      context ??= new AudioContext();
      context.resume().catch(() => {});
    },
    play() {
      if (Date.now() - last < ONCE_IN) return;
      last = Date.now();
      if (typeof source === "function") source();
      else if (source !== undefined) new Audio(source).play().catch(() => {});
      else if (context !== null) chime(context);
    },
  };
}
