import { parseJson } from "../core/json/parse-json.ts";
import { storable } from "../core/text.ts";
import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from "kysely";
import pg from "pg";
import type { Tables } from "./tables.gen.ts";

/**
 * The only user of the driver. Two ways in: `query` for hand-written statements (a name makes it a prepared
 * statement of its connection) and `kysely` for plain reading and writing. Both run on the same connection
 * inside `tx`.
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

export interface Stoppable {
  stop: () => Promise<void>;
}

export interface DbOptions {
  url: string;
  max: number;
  /** Every commit of this pool skips waiting for the disk. See `TxOptions.relaxed` for when that is right. */
  relaxed?: boolean;
  /** How long to wait for a connection, or for a free place in the pool, before giving up. Default: forever. */
  connect_timeout_ms?: number;
  onError: (error: Error) => void;
}

// bigint and numeric columns hold counts and milliseconds that fit a double.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);
pg.types.setTypeParser(pg.types.builtins.JSON, parseJson);
pg.types.setTypeParser(pg.types.builtins.JSONB, parseJson);

/** The attempts of a transaction that may be repeated. */
const ATTEMPTS = 4;

/** Deadlocks and serialization failures: the same work succeeds when tried again. */
export function isContention(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "40P01" || error.code === "40001");
}

export function createDb(options: DbOptions): Db {
  // Pipelined: statements that are not awaited one by one share a round trip.
  const settings = {
    connectionString: options.url,
    max: options.max,
    application_name: "carillon",
    pipeline: true,
    connectionTimeoutMillis: options.connect_timeout_ms ?? 0,
    ...(options.relaxed === true && { options: "-c synchronous_commit=off" }),
  };
  const pool = new pg.Pool(settings);
  let closing = false;
  /** Errors on a connection that is being closed are not reported. */
  const onError = (error: Error) => {
    if (!closing) options.onError(error);
  };
  // A broken connection is reported by its client, idle or checked out; the pool repeats the error with the whole
  // client attached.
  pool.on("error", () => {});
  pool.on("connect", (client) => void client.on("error", onError));
  const kysely = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool }),
  });
  let isFull = false;

  /** Remembers a full disk, so that `ensureRoom` probes for room only after a failure. */
  function noticed(error: unknown): unknown {
    if (isDiskFull(error)) isFull = true;
    return error;
  }

  async function tx<T>(work: (tx: Tx) => Promise<T>, options: TxOptions = {}): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await once(work, options);
      } catch (error) {
        if (options.again !== true || attempt === ATTEMPTS || !isContention(error)) throw error;
      }
    }
  }

  async function once<T>(work: (tx: Tx) => Promise<T>, { relaxed = false, pause }: TxOptions): Promise<T> {
    const client = await pool.connect();
    const pending: (() => void)[] = [];
    let failure: Error | undefined;
    let isSpoiled = false;
    try {
      // Not awaited: it is sent with the first statement. If it fails the connection is gone, and all statements fail.
      const begun = client.query(relaxed ? "begin; set local synchronous_commit to off" : "begin");
      begun.catch(() => {});
      const result = await work(
        Object.assign(
          queryableOf(client, () => (isSpoiled = true), pause),
          { afterCommit: (then: () => void) => pending.push(then) },
        ),
      );
      const ended = await client.query("commit");
      if (ended.command !== "COMMIT") throw new Error("the transaction had failed and was rolled back");
      for (const then of pending) then();
      return result;
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
      noticed(error);
      await client.query("rollback").then(
        () => (failure = undefined),
        () => {},
      );
      throw error;
    } finally {
      // A connection that could not even roll back, or that wrongly believes a statement to be prepared, must not
      // return to the pool.
      client.release(failure ?? isSpoiled);
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
    async query<Row extends object>(text: string, values?: readonly unknown[], name?: string) {
      try {
        return (await pool.query<Row>(statement(text, values, name))).rows;
      } catch (error) {
        throw noticed(error);
      }
    },
    kysely,
    tx,
    ensureRoom,
    listen: (channel, hear, onReset) => listen(options, channel, hear, onReset),
    async session(onLost) {
      const client = await pool.connect();
      let stopped = false;
      client.once("end", () => {
        if (!stopped) onLost();
      });
      return Object.assign(queryableOf(client), {
        async stop() {
          stopped = true;
          client.release(true);
        },
      });
    },
    close() {
      closing = true;
      return pool.end();
    },
  };
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

/**
 * Values that cannot be sent (too large for a string, for example) fail in the driver, which then has the database
 * forget the prepared statement but still believes it prepared: every later use of its name on that connection would
 * fail.
 */
function queryableOf(
  client: pg.PoolClient,
  onSpoiled: () => void = () => {},
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
        const { rows } = await client.query<Row>(statement(text, values, name));
        const paused = pause();
        if (paused !== undefined) await paused;
        return rows;
      } catch (error) {
        if (name !== undefined && !(error instanceof pg.DatabaseError)) onSpoiled();
        throw error;
      }
    },
    get kysely() {
      bound ??= kyselyOn(client);
      return bound;
    },
  };
}

/** Kysely on one checked-out connection, so that it takes part in a transaction that it did not open. */
function kyselyOn(client: pg.PoolClient): Kysely<Tables> {
  const borrowed = {
    query: client.query.bind(client),
    release: () => {},
  } as unknown as PostgresPoolClient;
  const pool: PostgresPool = { connect: async () => borrowed, end: async () => {}, options: {} };
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
}

const RECONNECT_MS = 500;

/** One dedicated connection; reconnects automatically, because a missed NOTIFY is only a delay. */
async function listen(
  options: DbOptions,
  channel: string,
  hear: (payload: string) => void,
  onReset: () => void,
): Promise<Stoppable> {
  let stopped = false;
  let client: pg.Client | undefined;
  let retry: NodeJS.Timeout | undefined;

  async function connect(): Promise<void> {
    const next = new pg.Client({
      connectionString: options.url,
      application_name: "carillon-listen",
      keepAlive: true,
    });
    next.on("notification", (message) => hear(message.payload ?? ""));
    next.on("error", () => {});
    next.on("end", schedule);
    await next.connect();
    await next.query(`listen ${pg.escapeIdentifier(channel)}`);
    client = next;
    if (stopped) await next.end();
  }

  /** A failed connection is reported twice, by its error and by its end: that is one attempt, not two. */
  function schedule(): void {
    clearTimeout(retry);
    if (!stopped) retry = setTimeout(() => void reconnect(), RECONNECT_MS);
  }

  async function reconnect(): Promise<void> {
    try {
      await connect();
      onReset();
    } catch (error) {
      options.onError(error instanceof Error ? error : new Error(String(error)));
      schedule();
    }
  }

  await connect();
  return {
    async stop() {
      stopped = true;
      clearTimeout(retry);
      await client?.end();
    },
  };
}

/** True for a statement that failed for lack of disk space: it succeeds once there is some. */
export function isDiskFull(error: unknown): error is Error {
  return error instanceof Error && "code" in error && error.code === "53100";
}

/** True for errors that mean the database is unreachable or refusing work, not that the statement was wrong. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (/^(08|53|57P0)/.test(code)) return true;
  if (/^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND)$/.test(code)) return true;
  return /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/.test(
    error.message,
  );
}
