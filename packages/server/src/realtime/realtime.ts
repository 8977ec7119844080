import type { IncomingMessage, Server } from "node:http";
import type { Db } from "../db/db.ts";
import type { Log } from "../log.ts";
import { createConnections } from "./connections.ts";
import type { FeedHub } from "./hub.ts";
import type { LiveFeedDeps } from "./live-feed.ts";
import type { RealtimeMeter } from "./meter.ts";
import { createWatchPerson } from "./person-feed.ts";
import { createReadChanges } from "./read-changes.ts";
import { createSocketDoor, type SocketDoorDeps } from "./transports/socket-io.ts";
import { createSse, type OpenStream } from "./transports/sse.ts";
import { createTurns } from "./turns.ts";

/** The transports over one hub, and the connections they share. */
export interface Realtime {
  openStream: OpenStream;
  /** Takes sockets on a server that listens or will. */
  openSockets: (options: Pick<SocketDoorDeps, "mayTry" | "prove"> & SocketServer) => void;
  connections: () => { socket: number; sse: number };
  /** Sends all clients away; resolves when they are gone. */
  stop: () => Promise<void>;
}

interface SocketServer {
  server: Server;
  addressOf: (request: IncomingMessage) => string;
}

export interface RealtimeDeps {
  db: Db;
  log: Log;
  hub: FeedHub;
  meter: RealtimeMeter;
  /** Connections from one address, and of one person; 0: any number. */
  per_address: number;
  per_person: number;
  /** Time over which the clients are sent away, in milliseconds. */
  drain_ms: number;
}

/** Statements that may run at once to let clients in, and to find out what they are to be told. */
const READERS = 6;

export function createRealtime(deps: RealtimeDeps): Realtime {
  const { db, log, hub, meter, drain_ms } = deps;
  const connections = createConnections(deps);
  const turns = createTurns(READERS);
  const live: LiveFeedDeps = {
    watch: createWatchPerson({ db, log, hub, turns }),
    read: createReadChanges(db),
    turns,
    log,
  };
  let closeDoor = () => {};
  return {
    openStream: createSse({ ...live, connections, meter }),
    openSockets(options) {
      closeDoor = createSocketDoor({ ...live, ...options, connections, meter }).stop;
    },
    connections: () => ({ socket: connections.count("socket"), sse: connections.count("sse") }),
    async stop() {
      await connections.drain(drain_ms);
      closeDoor();
    },
  };
}
