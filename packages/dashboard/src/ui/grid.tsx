import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useRef } from "react";
import { t } from "../messages/en.ts";
import { useSettings } from "../shell/settings.ts";
import { AppLink } from "./link.tsx";

/** A long list as a table: only the rows in sight are in the page, and each is a link. */
export interface Column<Row> {
  id: string;
  name: string;
  /** A track of a CSS grid. */
  width: string;
  cell: (row: Row) => ReactNode;
}

export interface GridProps<Row> {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  idOf: (row: Row) => string;
  hrefOf: (row: Row) => string;
  /** Whether the link of a row replaces the address instead of adding to the history. */
  selected: string | null;
  onEnd: () => void;
  /** True while the newest rows are in sight. */
  onTop?: (isTop: boolean) => void;
  above?: ReactNode;
  minWidth?: number;
}

const ROW_PX = { comfortable: 40, compact: 32 };

export function Grid<Row>({
  label,
  columns,
  rows,
  idOf,
  hrefOf,
  selected,
  onEnd,
  onTop,
  above,
  minWidth = 760,
}: GridProps<Row>) {
  const box = useRef<HTMLDivElement>(null);
  const height = ROW_PX[useSettings().density];
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => height,
    overscan: 12,
    getItemKey: (index) => {
      const row = rows[index];
      return row === undefined ? index : idOf(row);
    },
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => virtual.measure(), [virtual, height]);
  useEffect(() => {
    if (last >= rows.length - 20) onEnd();
  }, [last, rows.length, onEnd]);
  const selectedIndex = rows.findIndex((row) => idOf(row) === selected);
  useEffect(() => {
    if (selectedIndex >= 0) virtual.scrollToIndex(selectedIndex, { align: "auto" });
  }, [virtual, selectedIndex]);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    element.style.setProperty("--columns", columns.map(({ width }) => width).join(" "));
    element.style.setProperty("--columns-min", `${minWidth}px`);
    document.documentElement.style.setProperty(
      "--grid-top",
      `${Math.round(element.getBoundingClientRect().top + scrollY)}px`,
    );
  });
  return (
    <div
      className="grid"
      ref={box}
      role="table"
      aria-label={label}
      aria-rowcount={rows.length + 1}
      tabIndex={0}
      onScroll={({ currentTarget }) => onTop?.(currentTarget.scrollTop < height)}
    >
      <div role="rowgroup" className="grid-head-group">
        <div className="grid-head" role="row" aria-rowindex={1}>
          {columns.map(({ id, name }) => (
            <span key={id} role="columnheader" className="one-line">
              {name}
            </span>
          ))}
        </div>
      </div>
      {above}
      <div className="grid-body" role="rowgroup" style={{ blockSize: virtual.getTotalSize() }}>
        {items.map(({ index, key, start }) => {
          const row = rows[index];
          if (row === undefined) return null;
          return (
            <div
              key={key}
              className="grid-row"
              role="row"
              aria-rowindex={index + 2}
              data-selected={idOf(row) === selected}
              style={{ transform: `translateY(${start}px)` }}
            >
              {columns.map(({ id, cell }, position) => (
                <span key={id} role="cell">
                  {position === 0 ? (
                    <AppLink
                      className="row-link"
                      to={hrefOf(row)}
                      aria-current={idOf(row) === selected ? "true" : undefined}
                    >
                      {cell(row)}
                      <span className="visually-hidden"> {t.common.openRow(idOf(row))}</span>
                    </AppLink>
                  ) : (
                    cell(row)
                  )}
                </span>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}
