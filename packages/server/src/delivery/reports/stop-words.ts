const STOP = new Set(["stop", "stopall", "unsubscribe", "cancel", "end", "quit"]);
const START = new Set(["start", "unstop", "yes"]);

/** What a person asks for by the only word of a message: not to be written to, or again to be; null for any other text. */
export function readStopWord(text: string): "stop" | "start" | null {
  const word = text.trim().toLowerCase();
  if (STOP.has(word)) return "stop";
  return START.has(word) ? "start" : null;
}
