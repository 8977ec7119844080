import { Readable } from "node:stream";
import type { Person } from "../../inbox/feeds.ts";
import type { Store } from "../../inbox/store-query.ts";
import type { Connections } from "../connections.ts";
import { type LiveEvent, type LiveFeedDeps, openLiveFeed } from "../live-feed.ts";
import type { RealtimeMeter } from "../meter.ts";

/** Server-sent events: the feed of one person, as a response that goes on. */
export type OpenStream = (wanted: WantedStream) => Promise<Readable>;

export interface WantedStream {
  person: Person;
  stores: readonly Store[];
  /** The number up to which the client has everything; null: it begins now. */
  after: number | null;
  /** The client's. */
  address: string;
  /** When the client's proof ends, in seconds since 1970; null: never. */
  expires_at: number | null;
}

export interface SseDeps extends LiveFeedDeps {
  connections: Connections;
  meter: RealtimeMeter;
}

/** Proxies close a connection on which nothing comes for a minute. */
const BEAT_MS = 25_000;
/** One answer of a hundred large items is let through whole; then the client has to take it. */
const MAX_WAITING_BYTES = 256 * 1024;
/** Longest time that a timer of Node can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Throws an `AppError` where a limit is reached. */
export function createSse({ connections, meter, ...deps }: SseDeps): OpenStream {
  return async ({ person, stores, after, address, expires_at }) => {
    let feed: { resume: () => void; stop: () => void } | undefined;
    const timers: NodeJS.Timeout[] = [];
    let isEnded = false;
    const stream = new Readable({
      highWaterMark: MAX_WAITING_BYTES,
      read: () => feed?.resume(),
      destroy(error, done) {
        for (const timer of timers) clearInterval(timer);
        feed?.stop();
        place.leave();
        done(error);
      },
    });
    const end = (hard: boolean) => {
      if (hard) stream.destroy();
      else if (!isEnded && !stream.destroyed) stream.push(null);
      isEnded = true;
    };
    const place = connections.enter(address, "sse", end);
    try {
      place.belongTo(person);
      feed = await openLiveFeed(deps, { person, after, stores }, (event) => {
        meter.sent("sse", 1);
        // Its server may have begun to stop while it was being opened.
        return isEnded || stream.destroyed || stream.push(textOf(event));
      });
    } catch (error) {
      stream.destroy();
      throw error;
    }
    timers.push(setInterval(beat, BEAT_MS));
    if (expires_at !== null) {
      const left = expires_at * 1000 - Date.now();
      if (left < MAX_TIMER_MS) timers.push(setTimeout(expire, Math.max(0, left)));
    }
    return stream;

    function beat(): void {
      if (isEnded) return;
      if (stream.readableLength < MAX_WAITING_BYTES) {
        stream.push(":\n\n");
        return;
      }
      meter.dropped("slow");
      stream.destroy();
    }

    function expire(): void {
      meter.dropped("expired");
      end(false);
      // What a client that takes nothing has not taken is not waited for.
      timers.push(setTimeout(() => end(true), BEAT_MS));
    }
  };
}

function textOf({ name, seq, data }: LiveEvent): string {
  return `event: ${name}\nid: ${seq}\ndata: ${JSON.stringify(data)}\n\n`;
}
