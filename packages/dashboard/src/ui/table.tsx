import type { ReactNode } from "react";
import { Button } from "react-aria-components";
import { t } from "../messages/en.ts";

export interface Cell<Row> {
  name: string;
  cell: (row: Row) => ReactNode;
  /** As narrow as what is in it. */
  isFit?: boolean;
}

/** A short list as a table. A long one, or one that grows, is a `Grid`. */
export function Table<Row>({
  label,
  cells,
  rows,
  idOf,
}: {
  label: string;
  cells: readonly Cell<Row>[];
  rows: readonly Row[];
  idOf: (row: Row) => string;
}) {
  return (
    <div className="table-scroll" tabIndex={0} role="group" aria-label={label}>
      <table className="table">
        <thead>
          <tr>
            {cells.map(({ name, isFit = false }) => (
              <th key={name} className={isFit ? "fit" : undefined}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={idOf(row)}>
              {cells.map(({ name, cell, isFit = false }) => (
                <td key={name} className={isFit ? "fit" : undefined}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface CursorMeta {
  has_prev: boolean;
  before: string | null;
  has_next: boolean;
  after: string | null;
}

export interface Cursor {
  after?: string;
  before?: string;
}

/** Older and newer pages of a list with cursors; nothing where all is in sight. */
export function Pager({ meta, onMove }: { meta: CursorMeta; onMove: (cursor: Cursor) => void }) {
  if (!meta.has_prev && !meta.has_next) return null;
  return (
    <nav className="card-head pager" aria-label={t.common.pages}>
      <Button
        className="button"
        isDisabled={!meta.has_prev}
        onPress={() => meta.before !== null && onMove({ before: meta.before })}
      >
        {t.common.newer}
      </Button>
      <Button
        className="button"
        isDisabled={!meta.has_next}
        onPress={() => meta.after !== null && onMove({ after: meta.after })}
      >
        {t.common.older}
      </Button>
    </nav>
  );
}
