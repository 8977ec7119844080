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

export type RedriveDeps = Pick<EngineDeps, "db" | "queue" | "clock">;

/** Those that can be put back, and why the others cannot: each id once, whether there is such a row or not. */
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
