import { parseJson } from "../core/json/parse-json.ts";
import { submit } from "./submit.ts";
import { storable } from "../core/text/text.ts";
import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from "kysely";
import pg from "pg";
import { isContention, isDatabaseUnavailable, isDiskFull, isSilence, isStalePlan } from "./fault.ts";
import { hold, listen, SESSION_SETTINGS, type Stoppable } from "./session.ts";
import type { Tables } from "./tables.gen.ts";

/**
 * The only user of the driver. Two ways in: `query` for hand-written statements (a name makes it a prepared
 * statement of its connection) and `kysely` for plain reading and writing. Both run on the same connection
 * inside `tx`.
 *
 * Nothing waits for the database without a deadline of ours. A connection that a firewall has forgotten looks alive for
 * a quarter of an hour: the kernel repeats what it sent, and no keepalive runs meanwhile. So a statement without an
 * answer after `STATEMENT_MS` fails, its connection is destroyed, and with it all that lie idle, because what silenced
 * one has silenced them too. What is meant to take longer says so where it runs: `patient`.
 */
export interface Queryable {
  query: <Row extends object = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
    name?: string,
  ) => Promise<Row[]>;
  kysely: Kysely<Tables>;
}

export interface Db extends Queryable {
  /**
   * The same database for what may take up to `ms` a statement: migrations, maintenance, work on ten thousand rows. In
   * its transactions the server's own `statement_timeout` is that long, too.
   */
  patient: (ms: number) => Db;
  /** Runs `work` in one transaction: committed when it resolves, rolled back when it throws. */
  tx: <T>(work: (tx: Tx) => Promise<T>, options?: TxOptions) => Promise<T>;
  /** Passes on NOTIFY payloads until stopped; `onReset` is called whenever some may have been missed. */
  listen: (channel: string, hear: (payload: string) => void, onReset: () => void) => Promise<Stoppable>;
  /**
   * Resolves when the disk has room for a write; otherwise throws the server's refusal. Costs nothing unless a
   * statement has failed for lack of room since the last successful check.
   */
  ensureRoom: () => Promise<void>;
  /** A dedicated connection, for what lives as long as a session: advisory locks. */
  session: (onLost: () => void) => Promise<Queryable & Stoppable>;
  close: () => Promise<void>;
}

export interface Tx extends Queryable {
  /** Runs `work` once the transaction has committed; dropped when it rolls back. */
  afterCommit: (work: () => void) => void;
}

export interface TxOptions {
  /**
   * Commit without waiting for the disk. Only for work that a crash of the database may undo as a whole because a job
   * will repeat it: the write-ahead log keeps order, so nothing later can survive what is lost here.
   */
  relaxed?: boolean;
  /** Awaited after each statement of `query`, so that deferrable work yields to other work of the process. */
  pause?: () => Promise<void> | void;
  /** Repeats `work` from the start, up to `ATTEMPTS` times in all, after a deadlock or a serialization failure. */
  again?: boolean;
}

export interface DbOptions {
  url: string;
  max: number;
  /** Every commit of this pool skips waiting for the disk. See `TxOptions.relaxed` for when that is right. */
  relaxed?: boolean;
  onError: (error: Error) => void;
}

// bigint and numeric columns hold counts and milliseconds that fit a double.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);
pg.types.setTypeParser(pg.types.builtins.JSON, parseJson);
pg.types.setTypeParser(pg.types.builtins.JSONB, parseJson);

/** The attempts of a transaction that may be repeated. */
const ATTEMPTS = 4;
/** Longest wait for a connection, or for a free place in the pool. */
const CHECKOUT_MS = 10_000;
/** Longest wait for the answer to a statement. */
export const STATEMENT_MS = 10_000;
/** How long a pool that is closed waits for its connections. */
const GOODBYE_MS = 2000;
/** For the statements of a dedicated session: its locks may be waited for. */
const SESSION_MS = 60_000;
/** Idle connections keep a firewall's memory fresh, and notice their death in a quarter of a minute. */
const KEEPALIVE = { keepAlive: true, keepAliveInitialDelayMillis: 5000 };

/**
 * Ends the session of a connection that was dropped, whose locks would be held until the server notices. Where the
 * second parameter is false, only one that waits for us while we wait for it. Terminates in the select list: as a
 * condition it would be evaluated before `pid = $1`, for every session of the server.
 */
const END_SESSION = `
  select pg_terminate_backend(pid) from pg_stat_activity
   where pid = $1 and ($2 or state <> 'active')
     and usename = current_user and datname = current_database() and application_name like 'carillon%'
     and state_change < now() - interval '4 seconds'`;

export function createDb(options: DbOptions): Db {
  // Pipelined: statements that are not awaited one by one share a round trip.
  const settings = {
    ...KEEPALIVE,
    connectionString: options.url,
    max: options.max,
    application_name: "carillon",
    pipeline: true,
    connectionTimeoutMillis: CHECKOUT_MS,
  };
  const pool = new pg.Pool(settings);
  const open = new Set<pg.PoolClient>();
  const idle = new Set<pg.PoolClient>();
  let closing = false;
  let isFull = false;
  /** Errors on a connection that is being closed are not reported. */
  const onError = (error: Error) => {
    if (!closing) options.onError(error);
  };
  // A broken connection is reported by its client, idle or checked out; the pool repeats the error with the whole
  // client attached.
  pool.on("error", () => {});
  pool.on("connect", (client) => {
    open.add(client);
    client.on("error", onError);
    // Not awaited: they go out with the first statement.
    client.query(SESSION_SETTINGS).catch(() => {});
    if (options.relaxed === true) client.query("set synchronous_commit to off").catch(() => {});
  });
  pool.on("acquire", (client) => idle.delete(client));
  pool.on("release", (_error, client) => idle.add(client));
  pool.on("remove", (client) => {
    open.delete(client);
    idle.delete(client);
  });

  /** Remembers a full disk, so that `ensureRoom` probes for room only after a failure. */
  function noticed(error: unknown): unknown {
    if (isDiskFull(error)) isFull = true;
    return error;
  }

  /** What silenced one has silenced them too, and nobody would notice before it is needed. */
  function dropIdle(): void {
    for (const client of idle) client.connection.stream.destroy();
    idle.clear();
  }

  /** One connection went silent. */
  function dropSilent(client: pg.PoolClient): void {
    client.connection.stream.destroy();
    dropIdle();
    if (!closing) endSession(client, true).catch(() => {});
  }

  /** Whether there was one. */
  async function endSession(client: pg.PoolClient, evenAtWork: boolean): Promise<boolean> {
    // The server's process. Where a pooler stands between, the number is the pooler's, and no session has it.
    const pid = "processID" in client ? client.processID : null;
    const { rowCount } = await queryAside({ text: END_SESSION, values: [pid, evenAtWork] });
    return rowCount === 1;
  }

  /** Over a new connection, since those of the pool may be silent too. */
  async function queryAside(config: pg.QueryConfig): Promise<pg.QueryResult> {
    const client = new pg.Client({ ...settings, query_timeout: STATEMENT_MS });
    client.on("error", () => {});
    try {
      await client.connect();
      return await client.query(config);
    } finally {
      client.connection.stream.destroy();
    }
  }

  /** What may take long is asked about: the server says whether it is still at it. */
  async function askAbout(client: pg.PoolClient): Promise<void> {
    const isSilent = await endSession(client, false).catch(() => false);
    if (!isSilent) return;
    client.connection.stream.destroy();
    dropIdle();
  }

  /** Every statement goes through here. */
  async function run(client: pg.PoolClient, config: pg.QueryConfig, ms: number): Promise<pg.QueryResult> {
    const asking = ms > STATEMENT_MS ? setInterval(() => void askAbout(client), STATEMENT_MS) : undefined;
    try {
      return await submit(client, config, ms);
    } catch (error) {
      if (isSilence(error)) dropSilent(client);
      throw noticed(error);
    } finally {
      clearInterval(asking);
    }
  }

  /** A connection that wrongly believes a statement to be prepared, or that was dropped, must not be used again. */
  function isSpoiledBy(error: unknown): boolean {
    return !(error instanceof pg.DatabaseError) || isStalePlan(error);
  }

  async function query(config: pg.QueryConfig, ms: number): Promise<pg.QueryResult> {
    const client = await pool.connect();
    let isSpoiled = false;
    try {
      return await run(client, config, ms);
    } catch (error) {
      isSpoiled = isSpoiledBy(error);
      throw error;
    } finally {
      client.release(isSpoiled);
    }
  }

  async function once<T>(
    work: (tx: Tx) => Promise<T>,
    { relaxed = false, pause }: TxOptions,
    ms: number,
  ): Promise<T> {
    const client = await pool.connect();
    const pending: (() => void)[] = [];
    let failure: Error | undefined;
    let isSpoiled = false;
    const send = (config: pg.QueryConfig) => run(client, config, ms);
    try {
      // Not awaited: it is sent with the first statement. If it fails the connection is gone, and all statements fail.
      const begun = send({ text: beginOf(relaxed, ms) });
      begun.catch(() => {});
      const result = await work(
        Object.assign(
          queryableOf(send, (error) => (isSpoiled ||= isSpoiledBy(error)), pause),
          { afterCommit: (then: () => void) => pending.push(then) },
        ),
      );
      const ended = await send({ text: "commit" });
      if (ended.command !== "COMMIT") throw new Error("the transaction had failed and was rolled back");
      for (const then of pending) then();
      return result;
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
      await run(client, { text: "rollback" }, STATEMENT_MS).then(
        () => (failure = undefined),
        () => {},
      );
      throw error;
    } finally {
      // A connection that could not even roll back must not return to the pool.
      client.release(failure ?? isSpoiled);
    }
  }

  async function session(onLost: () => void): Promise<Queryable & Stoppable> {
    const client = await pool.connect();
    const held = hold(client, onLost, () => dropSilent(client));
    const send = (config: pg.QueryConfig) => held.during(() => run(client, config, SESSION_MS));
    return Object.assign(queryableOf(send), {
      async stop() {
        held.stop();
        client.release(true);
      },
    });
  }

  function within(ms: number): Db {
    async function tx<T>(work: (tx: Tx) => Promise<T>, options: TxOptions = {}): Promise<T> {
      for (let attempt = 1; ; attempt++) {
        try {
          return await once(work, options, ms);
        } catch (error) {
          if (options.again !== true || attempt === ATTEMPTS) throw error;
          if (!isContention(error) && !isStalePlan(error)) throw error;
        }
      }
    }

    async function ensureRoom(): Promise<void> {
      if (!isFull) return;
      try {
        await tx((tx) => tx.query(TAKE_ROOM));
        isFull = false;
      } catch (error) {
        // A probe that is refused for another reason must not leave the disk marked full forever.
        isFull = isDiskFull(error);
        if (isFull || isDatabaseUnavailable(error)) throw error;
      }
    }

    return {
      ...queryableOf((config) => query(config, ms)),
      tx,
      ensureRoom,
      patient: within,
      listen: (channel, hear, onReset) => listen(options, channel, hear, onReset),
      session,
      async close() {
        closing = true;
        // What is under way belongs to nobody any more, and the goodbye of a silent connection would keep the process.
        setTimeout(() => open.forEach((client) => client.connection.stream.destroy()), GOODBYE_MS).unref();
        await pool.end();
      },
    };
  }

  return within(STATEMENT_MS);
}

/** What takes longer than usual by intention is not to be cut short by a limit that was set for the rest. */
function beginOf(relaxed: boolean, ms: number): string {
  return [
    "begin",
    ...(relaxed ? ["set local synchronous_commit to off"] : []),
    ...(ms > STATEMENT_MS ? [`set local statement_timeout to ${ms}`] : []),
  ].join("; ");
}

/**
 * Takes as much space as the server's log takes at once, and frees it on commit. Compressible storage would shrink the
 * filler to nothing, hence `plain`.
 */
const TAKE_ROOM = `
  create temporary table carillon_room (filler text) on commit drop;
  alter table carillon_room alter filler set storage plain;
  insert into carillon_room select repeat('x', 8000) from generate_series(1, 2048)`;

function statement(text: string, values: readonly unknown[] = [], name?: string): pg.QueryConfig {
  const sent = values.map(guarded);
  return name === undefined ? { text, values: sent } : { text, values: sent, name };
}

/** Texts that are made inside may hold what PostgreSQL refuses; a refusal would fail the rows beside them too. */
function guarded(value: unknown): unknown {
  if (typeof value === "string") return storable(value);
  return Array.isArray(value) ? value.map(guarded) : value;
}

type Send = (config: pg.QueryConfig) => Promise<pg.QueryResult>;

/** The driver gives a list of results for a text of several statements. */
function rowsIn<Row>(result: pg.QueryResult | pg.QueryResult[]): Row[] {
  return Array.isArray(result) ? result.flatMap(({ rows }) => rows as Row[]) : (result.rows as Row[]);
}

/**
 * Values that cannot be sent (too large for a string, for example) fail in the driver, which then has the database
 * forget the prepared statement but still believes it prepared: every later use of its name on that connection would
 * fail. `onFailed` is for those who keep the connection.
 */
function queryableOf(
  send: Send,
  onFailed: (error: unknown) => void = () => {},
  pause: TxOptions["pause"] = () => {},
): Queryable {
  let bound: Kysely<Tables> | undefined;
  return {
    async query<Row extends object>(
      text: string,
      values?: readonly unknown[],
      name?: string,
    ): Promise<Row[]> {
      try {
        const rows = rowsIn<Row>(await send(statement(text, values, name)));
        const paused = pause();
        if (paused !== undefined) await paused;
        return rows;
      } catch (error) {
        onFailed(error);
        throw error;
      }
    },
    get kysely() {
      bound ??= kyselyOver(send);
      return bound;
    },
  };
}

/** Kysely that sends as we do: within a deadline, and on the connection of a transaction that it did not open. */
function kyselyOver(send: Send): Kysely<Tables> {
  const borrowed = {
    query: (text: string, values: readonly unknown[]) => send(statement(text, values)),
    release: () => {},
  } as unknown as PostgresPoolClient;
  const pool: PostgresPool = { connect: async () => borrowed, end: async () => {}, options: {} };
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
}
