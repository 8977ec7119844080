import { randomBytes } from "node:crypto";
import type { Db } from "../db/db.ts";
import type { Stoppable } from "../db/session.ts";
import type { Announcement } from "../inbox/feed.ts";
import type { Log } from "../log.ts";
import { decodeNotice, encodeNotices, hereNotice, type NoticedChange } from "./notice.ts";

/**
 * The other processes on the same database. Changes go to them by NOTIFY in a transaction of its own, after the commit:
 * one inside the transaction that made the change would serialise commits (PostgreSQL holds one lock for it through
 * the flush to disk). Nothing is sent while nobody else has subscribers: those who have some say so at intervals, so
 * that a single process never notifies itself.
 */
export interface Neighbours {
  start: (heard: Heard) => Promise<void>;
  /** Sends changes soon; several calls share a statement. */
  send: (changes: readonly Announcement[]) => void;
  /** This process has subscribers now, or none. */
  setListening: (is_listening: boolean) => void;
  stop: () => Promise<void>;
}

export interface Heard {
  changes: (changes: readonly NoticedChange[]) => void;
  /** Changes may have been missed. */
  lost: () => void;
}

const CHANNEL = "carillon_feed";
/** The first change goes at once; those that come in the meantime go together. */
const GATHER_MS = 20;
const HERE_MS = 10_000;
/** Others are believed to listen for so long after they last said so. */
const BELIEVED_MS = 35_000;
/** Changes waiting to be sent. Beyond it, those who listen find them when they compare numbers. */
const MAX_PENDING = 50_000;
const PAYLOADS_PER_STATEMENT = 200;

export function createNeighbours(db: Db, log: Log): Neighbours {
  const self = randomBytes(6).toString("base64url");
  let pending: Announcement[] = [];
  let timer: NodeJS.Timeout | undefined;
  let isSending = false;
  let listener: Stoppable | undefined;
  let saying: NodeJS.Timeout | undefined;
  /** Until when somebody else listens. One who began before this process did has not been heard yet. */
  let listened_until = performance.now() + BELIEVED_MS;

  async function flush(): Promise<void> {
    timer = undefined;
    isSending = true;
    const payloads = encodeNotices(self, pending);
    pending = [];
    for (let from = 0; from < payloads.length; from += PAYLOADS_PER_STATEMENT) {
      await notify(payloads.slice(from, from + PAYLOADS_PER_STATEMENT));
    }
    isSending = false;
    if (pending.length > 0) schedule(GATHER_MS);
  }

  function schedule(delay: number): void {
    if (!isSending) timer ??= setTimeout(() => void flush(), delay);
  }

  async function notify(payloads: string[]): Promise<void> {
    try {
      // A notification takes a transaction number, so its commit would wait for the disk, with the lock of all of them.
      await db.tx(
        (tx) =>
          tx.query(
            "select pg_notify($1, payload) from unnest($2::text[]) payload",
            [CHANNEL, payloads],
            "feed_notify",
          ),
        { relaxed: true },
      );
    } catch (error) {
      log.warn({ err: error }, "announcing changes of feeds failed; other processes find them by comparing");
    }
  }

  function hear(payload: string, heard: Heard): void {
    const notice = decodeNotice(payload, self);
    if (notice === null) return;
    if (notice.is_here) listened_until = performance.now() + BELIEVED_MS;
    else heard.changes(notice.changes);
  }

  const sayHere = () => void notify([hereNotice(self)]);

  return {
    async start(heard) {
      const onReset = () => {
        // What was missed may have been that somebody is there.
        listened_until = performance.now() + BELIEVED_MS;
        heard.lost();
      };
      listener = await db.listen(CHANNEL, (payload) => hear(payload, heard), onReset);
    },
    send(changes) {
      if (performance.now() > listened_until || pending.length >= MAX_PENDING) return;
      for (const change of changes) pending.push(change);
      schedule(0);
    },
    setListening(is_listening) {
      if (is_listening === (saying !== undefined)) return;
      clearInterval(saying);
      saying = is_listening ? setInterval(sayHere, HERE_MS) : undefined;
      if (is_listening) sayHere();
    },
    async stop() {
      clearInterval(saying);
      clearTimeout(timer);
      await listener?.stop();
    },
  };
}
