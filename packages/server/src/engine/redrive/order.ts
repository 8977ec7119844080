import type { EngineDeps } from "../deps.ts";

/**
 * Redrive puts back what failed, after its cause was mended: a request that came to nothing is expanded again, a run
 * enters the node that stopped it again, a message is sent again as a first attempt. What is put back is locked, so two
 * redrives at once put it back once. What cannot be is named with the reason.
 */
export interface RedriveOrder {
  /** Ids. */
  requests: string[];
  executions: string[];
  messages: string[];
  /** Messages that were perhaps sent. */
  include_ambiguous: boolean;
  /** Only says what would be done. */
  dry_run: boolean;
}

export type RedriveKind = "requests" | "executions" | "messages";

export interface Refusal {
  id: string;
  code: string;
  reason: string;
}

/** Ids in the order of their keys. */
export interface Redriven {
  redriven: string[];
  refused: Refusal[];
}

export type RedriveDeps = Pick<EngineDeps, "db" | "dispatch" | "clock">;
