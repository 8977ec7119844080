import type { EngineDeps } from "../deps.ts";

/**
 * Redrive puts back what failed, after its cause was fixed: a request that made no runs is expanded again, a run
 * re-enters the node that stopped it, a message is sent again as a first attempt. Rows are locked, so two concurrent
 * redrives put each back once. Rows that cannot be put back are returned with the reason.
 */
export interface RedriveOrder {
  /** Request ids. */
  requests: string[];
  executions: string[];
  messages: string[];
  /** Includes messages that may have been sent. */
  include_ambiguous: boolean;
  /** Only reports what would be done. */
  dry_run: boolean;
}

export type RedriveKind = "requests" | "executions" | "messages";

export interface Refusal {
  id: string;
  code: string;
  reason: string;
}

/** Ids in key order. */
export interface Redriven {
  redriven: string[];
  refused: Refusal[];
}

export type RedriveDeps = Pick<EngineDeps, "db" | "queue" | "clock" | "catalog" | "preferences">;

/**
 * Sorts ids into those that can be put back and those that cannot, with the reason: each id once, whether its row
 * exists or not.
 */
export function sortOut<Row extends { id: string }>(
  kind: "request" | "execution" | "message",
  ids: readonly string[],
  rows: readonly Row[],
  refusalOf: (row: Row) => Omit<Refusal, "id"> | null,
): { fit: Row[]; refused: Refusal[] } {
  const missing = { code: "not_found", reason: `no such ${kind}: it may have outlived its retention` };
  const refusals = new Map(rows.map((row) => [row.id, refusalOf(row)]));
  const refused = [...new Set(ids)].flatMap((id): Refusal[] => {
    const refusal = refusals.get(id);
    return refusal === null ? [] : [{ id, ...(refusal ?? missing) }];
  });
  return { fit: rows.filter(({ id }) => refusals.get(id) === null), refused };
}
