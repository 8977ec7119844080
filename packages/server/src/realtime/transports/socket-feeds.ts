import { createHash } from "node:crypto";
import type { Socket } from "socket.io";
import { z } from "zod";
import { AppError } from "../../errors.ts";
import type { FeedKey } from "../../inbox/feed.ts";
import type { Person } from "../../inbox/feeds.ts";
import type { FeedEvent } from "../feed-line.ts";
import { nameOf } from "../hub.ts";
import { type LiveEvent, type LiveFeedDeps, openLiveFeed } from "../live-feed.ts";
import type { RealtimeMeter } from "../meter.ts";
import { parseStores } from "../parse-stores.ts";
import { stockEventOf, type Vocabulary } from "./stock-events.ts";

/** What a socket is sent: in the words of the official clients, or in ours. */
export interface Following {
  /** The client knows that it is connected: what waited goes out. */
  start: () => void;
  stop: () => void;
  /** It is sent what items say, so its proof must hold for as long as it lives. */
  carriesContent: boolean;
}

interface FollowDeps extends LiveFeedDeps {
  meter: RealtimeMeter;
}

type Handshake = Record<string, unknown>;

/** Packets that may wait for a client, each of some 100 bytes: for as long as it takes them, and however quickly they came. */
const MAX_WAITING = 256;
const MAX_BURST = 10_000;
const PATIENCE_MS = 10_000;

/**
 * Events of the official clients. They do not ask for what they missed while they were away, but since 4.6 their Socket.IO
 * client repeats two words of the server when it comes back: `pid`, given at the handshake, and `offset`, the last text
 * at the end of an event. Socket.IO's own recovery keeps all packets of the last minutes in the memory of one process; here
 * both words are numbers of the feed, so that every process, and one that was restarted, can go on from them.
 */
export async function followStock(
  { watch, meter }: FollowDeps,
  socket: Socket,
  person: Person,
  handshake: Handshake,
): Promise<Following> {
  const vocabulary: Vocabulary = handshake.schema === "1" ? "current" : "legacy";
  const { conn } = socket;
  let waiting: FeedEvent[] | null = [];
  let patience: NodeJS.Timeout | undefined;

  function emit(events: readonly FeedEvent[]): void {
    for (const { seq, change } of events) {
      const event = change === null ? null : stockEventOf(change, vocabulary);
      if (event === null) continue;
      socket.emit(...event, String(seq));
      meter.sent("socket", 1);
    }
    const left = waitingPackets(conn);
    if (left > MAX_BURST) drop();
    else if (left > MAX_WAITING) patience ??= setTimeout(judge, PATIENCE_MS);
  }

  function judge(): void {
    patience = undefined;
    if (waitingPackets(conn) > MAX_WAITING) drop();
  }

  function drop(): void {
    meter.dropped("slow");
    terminate(conn);
  }

  const watching = await watch(
    person,
    (events) => {
      if (waiting === null) emit(events);
      else waiting.push(...events);
    },
    (key) => positionIn(handshake, key),
  );
  Object.assign(socket, { pid: `${watching.seq}.${markOf(watching.key)}` });
  return {
    start() {
      const early = waiting ?? [];
      waiting = null;
      emit(early);
    },
    stop() {
      clearTimeout(patience);
      watching.stop();
    },
    carriesContent: false,
  };
}

/** Ours, `schema: "2"`: events and data as over SSE. */
export async function followLive(
  deps: FollowDeps,
  socket: Socket,
  person: Person,
  handshake: Handshake,
): Promise<Following> {
  const { after, stores } = parseWishes(handshake);
  const { conn } = socket;
  let waiting: LiveEvent[] | null = [];
  const resume = () => feed.resume();

  function emit({ name, data }: LiveEvent): boolean {
    socket.emit(name, data);
    deps.meter.sent("socket", 1);
    if (waitingPackets(conn) === 0) return true;
    conn.once("drain", resume);
    return false;
  }

  const feed = await openLiveFeed(deps, { person, after, stores }, (event) => {
    if (waiting === null) return emit(event);
    waiting.push(event);
    return false;
  });
  return {
    start() {
      const early = waiting ?? [];
      waiting = null;
      const isFull = early.map(emit).includes(false);
      if (!isFull) feed.resume();
    },
    stop: feed.stop,
    carriesContent: true,
  };
}

const wishesSchema = z.object({
  after: z.coerce.number().int().min(0).nullish(),
  stores: z.unknown().optional(),
});

function parseWishes(handshake: Handshake) {
  const parsed = wishesSchema.safeParse(handshake);
  if (!parsed.success) throw new AppError("validation_error", "after must be a whole number");
  return { after: parsed.data.after ?? null, stores: parseStores(parsed.data.stores) };
}

/** Ends a connection whose client need not agree: a farewell would wait behind what it does not take. */
export function terminate(conn: Socket["conn"]): void {
  webSocketOf(conn).terminate();
}

/** The connection to the network, which may outlive the one above it by the time of a farewell. */
export function webSocketOf(conn: Socket["conn"]) {
  return (conn.transport as unknown as { socket: WebSocketBelow }).socket;
}

interface WebSocketBelow {
  terminate: () => void;
  once: (event: "close", then: () => void) => void;
}

/** What has been handed to the connection, and not to the network yet. */
function waitingPackets(conn: Socket["conn"]): number {
  return (conn as unknown as { writeBuffer: unknown[] }).writeBuffer.length;
}

/** Where an official client goes on; undefined: it has not been here before, or was in another feed. */
function positionIn({ pid, offset }: Handshake, key: FeedKey): number | undefined {
  const [, seq, mark] = typeof pid === "string" ? (/^(\d{1,16})\.([\w-]+)$/.exec(pid) ?? []) : [];
  if (seq === undefined || mark !== markOf(key)) return undefined;
  return typeof offset === "string" && /^\d{1,16}$/.test(offset)
    ? Math.max(Number(seq), Number(offset))
    : Number(seq);
}

/** Tells feeds apart, without telling what they are. */
function markOf(key: FeedKey): string {
  return createHash("sha256").update(nameOf(key)).digest("base64url").slice(0, 8);
}
