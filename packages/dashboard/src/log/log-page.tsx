import { useRouter, useRouterState } from "@tanstack/react-router";
import { ChevronDown, ChevronUp, Columns3, Search, X } from "lucide-react";
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { t } from "../messages/en.ts";
import { formatNumber } from "../messages/locale.ts";
import { useKeys } from "../shell/keys.tsx";
import { type Column, Grid } from "../ui/grid.tsx";
import { useTitle } from "../ui/page.tsx";
import { Failure, Loading } from "../ui/states.tsx";
import {
  type FilterField,
  filtersOf,
  parseQuery,
  type QueryError,
  sinceInstant,
  writeQuery,
} from "./filters.ts";
import { type LogRoute, useLog } from "./use-log.ts";

/** One log: its search, its rows, and the chosen row beside them. All of the view is in the address. */
export interface LogDefinition<Row> {
  title: string;
  route: LogRoute;
  fields: readonly FilterField[];
  /** What a filter is called in the query of the route. */
  queryOf: (filters: Record<string, string>) => Record<string, string>;
  columns: readonly Column<Row>[];
  idOf: (row: Row) => string;
  detail: (row: Row) => ReactNode;
  detailTitle: (row: Row) => ReactNode;
  empty: ReactNode;
  minWidth?: number;
}

export function LogPage<Row>({ log, tabs }: { log: LogDefinition<Row>; tabs: ReactNode }) {
  useTitle(log.title);
  const { history } = useRouter();
  const { pathname, searchStr } = useRouterState({ select: ({ location }) => location });
  const search = useMemo(() => new URLSearchParams(searchStr), [searchStr]);
  const filters = useMemo(() => filtersOf(search, log.fields), [search, log.fields]);
  const selected = search.get("row");
  const [isTop, setTop] = useState(true);
  const query = useMemo(() => log.queryOf(withInstant(filters)), [filters, log]);
  const reading = useLog<Row>(log.route, query, log.idOf, { isLive: true, isTop });
  const { rows } = reading;
  const index = rows.findIndex((row) => log.idOf(row) === selected);
  const row = rows[index];
  const hidden = useHiddenColumns(log.title);
  const columns = log.columns.filter(({ id }, position) => position === 0 || !hidden.set.has(id));

  const addressOf = (filters: Record<string, string>, row: string | null) => {
    const params = new URLSearchParams({ ...filters, ...(row === null ? {} : { row }) }).toString();
    return params === "" ? pathname : `${pathname}?${params}`;
  };
  const show = (to: string, replace = false) => (replace ? history.replace(to) : history.push(to));
  const move = (by: number) => {
    const next = rows[index < 0 ? (by > 0 ? 0 : rows.length - 1) : index + by];
    if (next !== undefined) show(addressOf(filters, log.idOf(next)), true);
  };
  const pane = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  useKeys([
    { keys: "/", group: "act", label: t.keys.search, run: () => input.current?.focus() },
    { keys: "j", group: "move", label: t.keys.next, run: () => move(1) },
    { keys: "k", group: "move", label: t.keys.previous, run: () => move(-1) },
    { keys: "]", group: "move", label: t.keys.next, run: () => move(1) },
    { keys: "[", group: "move", label: t.keys.previous, run: () => move(-1) },
    {
      keys: "Escape",
      group: "move",
      label: t.keys.closeDetail,
      run: () => selected !== null && show(addressOf(filters, null)),
    },
  ]);
  const isOpen = row !== undefined;
  useEffect(() => {
    if (isOpen) pane.current?.scrollTo({ top: 0 });
  }, [isOpen, selected]);
  const more = reading.more;
  const onEnd = useCallback(() => more(), [more]);

  return (
    <div className="log">
      <header className="page-head">
        <h1>{log.title}</h1>
        <div className="actions">
          <span className="live" data-on="true">
            {reading.count === null ? t.log.live : t.log.matching(formatNumber(reading.count))}
          </span>
          <ColumnMenu columns={log.columns} hidden={hidden} />
        </div>
      </header>
      {tabs}
      <Query
        ref={input}
        fields={log.fields}
        filters={filters}
        onChange={(next) => show(addressOf(next, null))}
      />
      <div className={isOpen ? "log-split open" : "log-split"}>
        {reading.error === null ? null : (
          <div className="page">
            <Failure error={reading.error} retry={reading.retry} />
          </div>
        )}
        {reading.isLoading ? <Loading /> : null}
        {reading.error === null && !reading.isLoading && rows.length === 0 ? (
          <div>
            {Object.keys(filters).length === 0 ? (
              log.empty
            ) : (
              <div className="empty">
                <h2>{t.log.nothingMatches}</h2>
                <p>{t.log.nothingMatchesHint}</p>
                <Button className="button" onPress={() => show(pathname)}>
                  {t.log.clear}
                </Button>
              </div>
            )}
          </div>
        ) : null}
        {rows.length > 0 ? (
          <Grid
            label={log.title}
            columns={columns}
            rows={rows}
            idOf={log.idOf}
            hrefOf={(one) => addressOf(filters, log.idOf(one))}
            selected={selected}
            onEnd={onEnd}
            onTop={setTop}
            minWidth={log.minWidth ?? 760}
            above={
              reading.fresh === 0 ? null : (
                <div className="new-rows">
                  <Button
                    className="button primary"
                    onPress={() => {
                      reading.showFresh();
                      document.querySelector(".grid")?.scrollTo({ top: 0 });
                    }}
                  >
                    {t.log.fresh(reading.fresh)}
                  </Button>
                </div>
              )
            }
          />
        ) : null}
        {row === undefined ? null : (
          <div className="detail" ref={pane} role="region" aria-label={t.log.detail} tabIndex={0}>
            <div className="detail-head">
              <h2 className="one-line">{log.detailTitle(row)}</h2>
              <Button
                className="button icon quiet"
                aria-label={t.keys.previous}
                isDisabled={index <= 0}
                onPress={() => move(-1)}
              >
                <ChevronUp aria-hidden />
              </Button>
              <Button
                className="button icon quiet"
                aria-label={t.keys.next}
                isDisabled={index >= rows.length - 1}
                onPress={() => move(1)}
              >
                <ChevronDown aria-hidden />
              </Button>
              <Button
                className="button icon quiet"
                aria-label={t.keys.closeDetail}
                onPress={() => show(addressOf(filters, null))}
              >
                <X aria-hidden />
              </Button>
            </div>
            <div className="detail-body">{log.detail(row)}</div>
          </div>
        )}
      </div>
    </div>
  );
}

function withInstant(filters: Record<string, string>): Record<string, string> {
  const { since, ...rest } = filters;
  if (since === undefined) return rest;
  // What is in the address may be anything; the server says what is wrong with it.
  return { ...rest, since: sinceInstant(since, Date.now()) ?? since };
}

function Query({
  ref,
  fields,
  filters,
  onChange,
}: {
  ref: React.RefObject<HTMLInputElement | null>;
  fields: readonly FilterField[];
  filters: Record<string, string>;
  onChange: (filters: Record<string, string>) => void;
}) {
  const written = writeQuery(filters, fields);
  const [text, setText] = useState(written);
  const [errors, setErrors] = useState<readonly QueryError[]>([]);
  useEffect(() => {
    setText(written);
    setErrors([]);
  }, [written]);
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    const parsed = parseQuery(text, fields);
    setErrors(parsed.errors);
    if (parsed.errors.length === 0) onChange(parsed.filters);
  };
  return (
    <div className="stack tight">
      <form className="query" role="search" onSubmit={submit}>
        <div className="query-text">
          <Search aria-hidden />
          <input
            ref={ref}
            className="input"
            aria-label={t.log.search}
            aria-invalid={errors.length > 0}
            aria-describedby={errors.length > 0 ? "query-errors" : undefined}
            placeholder={t.log.placeholder(fields.map(({ name }) => `${name}:`).join(" "))}
            value={text}
            spellCheck={false}
            autoComplete="off"
            onChange={({ target }) => setText(target.value)}
          />
        </div>
        {fields
          .filter(({ choices }) => choices !== undefined)
          .map(({ name, choices = [] }) => (
            <MenuTrigger key={name}>
              <Button className="button">
                {t.log.field[name] ?? name}
                <ChevronDown aria-hidden />
              </Button>
              <Popover className="popover">
                <Menu
                  className="menu"
                  aria-label={t.log.field[name] ?? name}
                  selectionMode="single"
                  selectedKeys={filters[name] === undefined ? [] : [filters[name]]}
                  onAction={(choice) => {
                    const { [name]: before, ...rest } = filters;
                    onChange(before === choice ? rest : { ...rest, [name]: String(choice) });
                  }}
                >
                  {choices.map((choice) => (
                    <MenuItem key={choice} id={choice} className="menu-item">
                      {t.log.choice(choice)}
                    </MenuItem>
                  ))}
                </Menu>
              </Popover>
            </MenuTrigger>
          ))}
      </form>
      {errors.length === 0 ? null : (
        <ul id="query-errors" role="alert">
          {errors.map((error) => (
            <li key={error.token} className="field-error">
              <code>{error.token}</code>: {t.log.queryError[error.kind](error.expected)}
            </li>
          ))}
        </ul>
      )}
      {written === "" ? null : (
        <ul className="chips" aria-label={t.log.filters}>
          {fields.flatMap(({ name }) => {
            const value = filters[name];
            if (value === undefined) return [];
            const { [name]: _taken, ...rest } = filters;
            return (
              <li key={name} className="chip">
                <span>
                  <span className="soft">{t.log.field[name] ?? name}</span> {value}
                </span>
                <button type="button" aria-label={t.log.remove(name)} onClick={() => onChange(rest)}>
                  <X aria-hidden />
                </button>
              </li>
            );
          })}
        </ul>
      )}
    </div>
  );
}

interface Hidden {
  set: ReadonlySet<string>;
  change: (ids: Iterable<string>) => void;
}

/** Which columns this browser leaves out of a log. */
function useHiddenColumns(log: string): Hidden {
  const key = `carillon.columns.${log}`;
  const [set, setHidden] = useState<ReadonlySet<string>>(
    () => new Set((localStorage.getItem(key) ?? "").split(" ")),
  );
  return {
    set,
    change(ids) {
      const next = new Set(ids);
      localStorage.setItem(key, [...next].join(" "));
      setHidden(next);
    },
  };
}

function ColumnMenu<Row>({ columns, hidden }: { columns: readonly Column<Row>[]; hidden: Hidden }) {
  const optional = columns.slice(1);
  return (
    <MenuTrigger>
      <Button className="button icon" aria-label={t.log.columns}>
        <Columns3 aria-hidden />
      </Button>
      <Popover className="popover" placement="bottom end">
        <Menu
          className="menu"
          aria-label={t.log.columns}
          selectionMode="multiple"
          selectedKeys={optional.map(({ id }) => id).filter((id) => !hidden.set.has(id))}
          onSelectionChange={(keys) => {
            const shown = keys === "all" ? new Set(optional.map(({ id }) => id)) : new Set(keys);
            hidden.change(optional.map(({ id }) => id).filter((id) => !shown.has(id)));
          }}
        >
          {optional.map(({ id, name }) => (
            <MenuItem key={id} id={id} className="menu-item">
              {name}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
