import type { IncomingMessage, Server as HttpServer } from "node:http";
import { type DefaultEventsMap, Server, type Socket } from "socket.io";
import { AppError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { Connections, Place } from "../connections.ts";
import type { LiveFeedDeps } from "../live-feed.ts";
import type { RealtimeMeter } from "../meter.ts";
import { followLive, followStock, terminate, webSocketOf } from "./socket-feeds.ts";

/**
 * Socket.IO for the official clients and ours (client-protocols.md §9): protocol 5 over WebSocket alone, so that no proxy
 * needs sticky sessions, in the default namespace, without acknowledgements or binary data, because phones read raw
 * frames. A connection is ended at the level of its transport, never by `disconnect`: clients come back after a lost
 * transport, and stay away after the other (measured, §9.1).
 */
export interface SocketDoorDeps extends LiveFeedDeps {
  server: HttpServer;
  connections: Connections;
  meter: RealtimeMeter;
  log: Log;
  addressOf: (request: IncomingMessage) => string;
  /** False: nothing that the address shows is looked at for now. */
  mayTry: (address: string) => boolean;
  /** Throws an `AppError`. */
  prove: (handshake: unknown, from: { address: string; origin: string }) => Promise<SocketPerson>;
}

export interface SocketPerson {
  workspace_id: number;
  distinct_id: string;
  tenant_id: string;
  /** When the client's proof ends, in seconds since 1970; null: never. */
  expires_at: number | null;
}

export interface SocketDoor {
  stop: () => void;
}

type Handshake = Record<string, unknown>;
type FeedSocket = Socket<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, SocketData>;
/** The connection below the socket. */
type Conn = FeedSocket["conn"];

interface SocketData {
  /** Called when the client has been told that it is connected. */
  onConnected?: () => void;
}

/** What a client may send at once: its proof, and nothing else of any size. */
const MAX_FRAME_BYTES = 16 * 1024;
/** Time for the proof. Swift refreshes its token only after its socket was closed. */
const CONNECT_MS = 20_000;
/** Packets a client may send at once, and how many per second after that. Ours send one in 25 s. */
const BURST_PACKETS = 60;
const PACKETS_PER_SECOND = 5;

/** Web clients from 4.0 on compare it, to refresh an expired token and connect again. */
const WRONG_TOKEN = "Authentication Error: wrong auth token";

export function createSocketDoor(deps: SocketDoorDeps): SocketDoor {
  const { server, connections, meter, log, turns, addressOf, mayTry, prove } = deps;
  const places = new WeakMap<object, Place>();
  const io = new Server<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, SocketData>({
    transports: ["websocket"],
    serveClient: false,
    connectTimeout: CONNECT_MS,
    maxHttpBufferSize: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    // Before the WebSocket exists: what is refused here costs next to nothing.
    allowRequest(request, allow) {
      const address = addressOf(request);
      const refusal = connections.refusal(address);
      if (refusal === null && mayTry(address)) allow(null, true);
      else {
        if (refusal !== null) meter.dropped("limit");
        allow(refusal?.message ?? "too many wrong proofs came from this address", false);
      }
    },
  });

  io.attach(server);
  io.engine.on("connection", (conn: Conn) => {
    try {
      const place = connections.enter(addressOf(conn.request), "socket", (hard) =>
        hard ? terminate(conn) : conn.close(),
      );
      places.set(conn, place);
      webSocketOf(conn).once("close", place.leave);
    } catch {
      // Others came between.
      conn.close(true);
      return;
    }
    limitPackets(conn, () => {
      meter.dropped("flood");
      terminate(conn);
    });
  });

  io.use((socket, next) => void admit(socket, next));

  io.on("connection", (socket) => {
    // Its headers and its proof are of no more use, and a connection may last for days.
    socket.handshake.headers = {};
    socket.handshake.auth = {};
    socket.data.onConnected?.();
    delete socket.data.onConnected;
  });

  /** Sockets whose proof is being looked at: a client must not have several looked at together. */
  const inProof = new WeakSet<object>();

  async function admit(socket: FeedSocket, next: (refusal?: Error) => void): Promise<void> {
    try {
      await follow(socket);
    } catch (error) {
      if (error instanceof AppError && error.status < 500) {
        next(refusalOf(error));
        return;
      }
      log.warn({ err: error }, "connecting a socket failed");
      // Clients come back after a lost transport, and stay away after a refusal.
      socket.conn.close();
      return;
    }
    next();
  }

  async function follow(socket: FeedSocket): Promise<void> {
    const { conn } = socket;
    const place = places.get(conn);
    if (place === undefined || inProof.has(conn)) throw new AppError("throttled", "one proof at a time");
    inProof.add(conn);
    try {
      const handshake: Handshake = socket.handshake.auth;
      const address = addressOf(conn.request);
      const origin = conn.request.headers.origin ?? "";
      const person = await turns(() => prove(handshake, { address, origin }));
      place.belongTo(person);
      const begin = handshake.schema === "2" ? followLive : followStock;
      const following = await begin(deps, socket, person, handshake);
      socket.data.onConnected = following.start;
      const stop = () => {
        following.stop();
        clearTimeout(expiry);
      };
      const expiry = following.carriesContent ? expire(conn, person.expires_at) : undefined;
      if (conn.readyState === "open") conn.once("close", stop);
      else stop();
    } finally {
      inProof.delete(conn);
    }
  }

  function refusalOf(error: AppError): Error {
    if (error.code === "throttled") meter.dropped("limit");
    const message = error.status === 401 ? WRONG_TOKEN : error.message;
    return Object.assign(new Error(message), { data: { type: error.code, message: error.message } });
  }

  function expire(conn: Conn, expires_at: number | null): NodeJS.Timeout | undefined {
    const left = expires_at === null ? Infinity : expires_at * 1000 - Date.now();
    // Longest time that a timer of Node can wait.
    if (left >= 2 ** 31) return undefined;
    return setTimeout(
      () => {
        meter.dropped("expired");
        conn.close();
      },
      Math.max(0, left),
    );
  }

  return { stop: () => io.engine.close() };
}

/** Clients have nothing to say after their proof: what they send is ignored, and too much of it ends the connection. */
function limitPackets(conn: Conn, onFlood: () => void): void {
  let left = BURST_PACKETS;
  let counted_at = performance.now();
  conn.on("packet", () => {
    const now = performance.now();
    left = Math.min(BURST_PACKETS, left + ((now - counted_at) / 1000) * PACKETS_PER_SECOND) - 1;
    counted_at = now;
    if (left < 0) onFlood();
  });
}
