import { findAcceptedEvents } from "./accepted-events.ts";
import { replaceFilesWithNotes } from "../../core/attachments.ts";
import { parseEvent } from "../../core/event-record.ts";
import type { JsonObject } from "../../core/json.ts";
import { keysOf, uuid } from "../../db/bulk.ts";
import type { Queryable, Tx } from "../../db/db.ts";
import type { HttpReply } from "../../core/http-call.ts";
import { isEventTopic, type Woken } from "../node.ts";
import type { Run, Signal } from "../run.ts";

/** Signals that runs received while they waited, read by the walk they caused. */
export interface ReceivedSignals {
  /** By run id, in order of arrival. */
  signals: Map<string, Signal[]>;
  /** Runs with more signals than one walk reads: if they keep waiting, they are walked again. */
  more: Set<string>;
}

/**
 * Signals of one run read per walk: a thousand events of one person must not all be in memory for each of that person's
 * runs.
 */
const AT_ONCE = 100;

/**
 * Deletes the signals it reads. The runs are locked, so none is added meanwhile. Relies on the primary key of signal.
 * Materialized, because otherwise the planner may read all signals of a run for each portion of them.
 */
export async function takeSignals(tx: Tx, runs: Run[], base: Date | null): Promise<ReceivedSignals> {
  const received: ReceivedSignals = { signals: new Map(), more: new Set() };
  const listening = runs.filter(({ memory: { wait } }) => wait?.topics !== undefined || wait?.until === null);
  if (listening.length === 0) return received;
  const { from, values } = keysOf(listening);
  const rows = await tx.query<SignalRow>(
    `with first as materialized (
       select k.workspace_id, k.id as run_id, s.id
         from ${from},
              lateral (select id from signal where workspace_id = k.workspace_id and run_id = k.id
                        order by id limit ${AT_ONCE}) s)
     delete from signal s using first f
      where s.workspace_id = f.workspace_id and s.run_id = f.run_id and s.id = f.id
     returning s.workspace_id, s.run_id, s.id, s.wait_id, s.kind, s.at, s.body`,
    values,
    "take_signals",
  );
  const late = await findLateEvents(tx, listening, rows, base);
  const events = await loadEvents(tx, [...rows, ...late]);
  for (const row of [...rows.toSorted((one, other) => one.id - other.id), ...late]) {
    const signal = { wait_id: row.wait_id, at: row.at, woken: toWoken(row, events) };
    const known = received.signals.get(row.run_id);
    if (known === undefined) received.signals.set(row.run_id, [signal]);
    else known.push(signal);
  }
  const full = listening.filter(({ id }) => received.signals.get(id)?.length === AT_ONCE);
  for (const { run_id } of await findMore(tx, full)) received.more.add(run_id);
  return received;
}

/**
 * Events that were accepted before the time of a wait was up, and that nothing has handled yet, because a worker died or
 * is late: without them the time would win against what came first.
 */
async function findLateEvents(
  tx: Tx,
  runs: readonly Run[],
  taken: readonly SignalRow[],
  base: Date | null,
): Promise<EventRow[]> {
  const isDue = ({ now, memory: { wait } }: Run) =>
    typeof wait?.until === "string" &&
    new Date(wait.until) <= now &&
    wait.topics?.some(isEventTopic) === true;
  const known = new Set(
    taken.map((row) => `${row.run_id} ${row.kind === "event" ? row.body.request_id : ""}`),
  );
  return (await findAcceptedEvents(tx, runs.filter(isDue), base)).flatMap(
    ({ workspace_id, id: run_id, wait_id, at, request_id }) =>
      known.has(`${run_id} ${request_id}`)
        ? []
        : [{ workspace_id, run_id, wait_id, at, kind: "event", body: { request_id } }],
  );
}

interface SignalBase {
  workspace_id: number;
  run_id: string;
  wait_id: string;
  at: Date;
}

type EventRow = SignalBase & { kind: "event"; body: { request_id: string } };
type AnySignal =
  | EventRow
  | (SignalBase & { kind: "profile" | "tenant" | "message"; body: JsonObject })
  | (SignalBase & { kind: "reply"; body: HttpReply });
type SignalRow = AnySignal & { id: number };

interface EventFacts {
  name: string;
  properties: JsonObject;
}

/** By request id. Each request is read once, however many runs it signals. */
async function loadEvents(tx: Queryable, rows: readonly AnySignal[]): Promise<Map<string, EventFacts>> {
  const requests = new Map(
    rows.flatMap(({ workspace_id, kind, body }) =>
      kind === "event" ? [[body.request_id, { workspace_id, id: body.request_id }]] : [],
    ),
  );
  if (requests.size === 0) return new Map();
  const { from, values } = keysOf([...requests.values()], uuid);
  const found = await tx.query<{ id: string; name: string; body: JsonObject }>(
    `select r.id, r.name, r.body from ${from}
       join request r on r.workspace_id = k.workspace_id and r.id = k.id`,
    values,
    "signal_events",
  );
  return new Map(
    found.map(({ id, name, body }) => {
      const parsed = parseEvent(body);
      const source = { request_id: id, is_internal: false };
      return [
        id,
        { name, properties: parsed.ok ? replaceFilesWithNotes(parsed.value.properties, source) : {} },
      ];
    }),
  );
}

async function findMore(tx: Queryable, runs: Run[]): Promise<{ run_id: string }[]> {
  if (runs.length === 0) return [];
  const { from, values } = keysOf(runs);
  return tx.query<{ run_id: string }>(
    `select k.id as run_id from ${from}
      where exists (select from signal s where s.workspace_id = k.workspace_id and s.run_id = k.id)`,
    values,
    "more_signals",
  );
}

/** A request that was deleted still counts as an event, but its name and properties are unknown. */
function toWoken(signal: AnySignal, events: ReadonlyMap<string, EventFacts>): Woken {
  switch (signal.kind) {
    case "event":
      return { by: "event", ...(events.get(signal.body.request_id) ?? { name: "", properties: {} }) };
    case "profile":
    case "tenant":
    case "message":
      return { by: signal.kind };
    case "reply":
      return { by: "reply", reply: signal.body };
  }
}
