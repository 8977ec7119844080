import type { Transport } from "./connections.ts";

/** Counts for operators. */
export interface RealtimeMeter {
  /** Events that were handed to a connection. */
  sent: (transport: Transport, events: number) => void;
  dropped: (reason: Drop) => void;
}

/**
 * Why a connection was closed or refused: it did not take what it was sent, it sent too much, its proof ended, a limit was
 * reached.
 */
export const DROPS = ["slow", "flood", "expired", "limit"] as const;
export type Drop = (typeof DROPS)[number];
