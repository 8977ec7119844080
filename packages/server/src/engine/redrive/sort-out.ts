import type { Refusal } from "./order.ts";

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
