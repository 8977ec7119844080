import pg from "pg";

/**
 * Connections that live long and say little: what listens, and what holds a lock. Silence is their usual state, so they
 * are asked at intervals whether they still live, and one that does not answer is destroyed.
 */
const BEAT_MS = 5000;
const ANSWER_MS = 5000;
const RECONNECT_MS = 500;
const CONNECT_MS = 10_000;
const GOODBYE_MS = 1000;

/**
 * The server, too, drops a session that its client has forgotten, and frees its locks and its place. Limits that its administrator
 * has set stay. Not startup parameters: a connection pooler refuses these.
 */
export const SESSION_SETTINGS = `
  select set_config(name, value, false)
    from (values ('tcp_keepalives_idle', '10'), ('tcp_keepalives_interval', '5'), ('tcp_keepalives_count', '3'),
                 ('idle_in_transaction_session_timeout', '5min')) wanted(name, value)
   where current_setting(name) = '0' or name like 'tcp%'`;

export interface Stoppable {
  stop: () => Promise<void>;
}

export interface Held {
  /** The session is asked nothing while a statement of its own is under way: that one has its own deadline. */
  during: <T>(statement: () => Promise<T>) => Promise<T>;
  stop: () => void;
}

/** Watches over a dedicated connection. `onSilent` is to destroy it; `onLost` is called once it has ended. */
export function hold(client: pg.Client, onLost: () => void, onSilent: () => void): Held {
  let stopped = false;
  let busy = 0;
  client.once("end", () => {
    clearInterval(beating);
    if (!stopped) onLost();
  });
  const beating = setInterval(() => {
    if (busy > 0) return;
    busy++;
    ask(client)
      .catch(() => {
        if (!stopped) onSilent();
      })
      .finally(() => busy--);
  }, BEAT_MS);
  return {
    async during(statement) {
      busy++;
      try {
        return await statement();
      } finally {
        busy--;
      }
    },
    stop() {
      stopped = true;
      clearInterval(beating);
    },
  };
}

async function ask(client: pg.Client): Promise<void> {
  const config = { text: "select 1", query_timeout: ANSWER_MS };
  await client.query(config);
}

/** One dedicated connection; reconnects automatically, because a missed NOTIFY is only a delay. */
export async function listen(
  options: { url: string; onError: (error: Error) => void },
  channel: string,
  hear: (payload: string) => void,
  onReset: () => void,
): Promise<Stoppable> {
  let stopped = false;
  let client: pg.Client | undefined;
  let retry: NodeJS.Timeout | undefined;
  let beat: NodeJS.Timeout | undefined;

  async function connect(): Promise<void> {
    const next = new pg.Client({
      connectionString: options.url,
      application_name: "carillon-listen",
      keepAlive: true,
      keepAliveInitialDelayMillis: BEAT_MS,
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: ANSWER_MS,
    });
    next.on("notification", (message) => hear(message.payload ?? ""));
    next.on("error", () => {});
    next.on("end", schedule);
    try {
      await next.connect();
      await next.query(SESSION_SETTINGS);
      await next.query(`listen ${pg.escapeIdentifier(channel)}`);
    } catch (error) {
      next.connection.stream.destroy();
      throw error;
    }
    client = next;
    if (stopped) return next.end();
    beatOn(next);
  }

  function beatOn(current: pg.Client): void {
    clearTimeout(beat);
    beat = setTimeout(() => void beatOnce(current), BEAT_MS);
  }

  async function beatOnce(current: pg.Client): Promise<void> {
    try {
      await ask(current);
      if (!stopped && client === current) beatOn(current);
    } catch {
      // Its end, which follows, has it replaced.
      current.connection.stream.destroy();
    }
  }

  /** A failed connection is reported twice, by its error and by its end: that is one attempt, not two. */
  function schedule(): void {
    clearTimeout(retry);
    clearTimeout(beat);
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
      clearTimeout(beat);
      if (client === undefined) return;
      const { stream } = client.connection;
      const patience = setTimeout(() => stream.destroy(), GOODBYE_MS);
      await client.end();
      clearTimeout(patience);
    },
  };
}
