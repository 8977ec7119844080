import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A pooler in transaction mode: a connection is given a session of the server when it begins a transaction. */
export interface Pooler {
  url: string;
  server: Server;
}

interface Session {
  socket: Socket;
  client: Client | undefined;
}

interface Client {
  socket: Socket;
  session: Session | undefined;
  /** Answers that are still to come: only after the last may it lose its session. */
  awaited: number;
}

const QUERY = "Q".charCodeAt(0);
const SYNC = "S".charCodeAt(0);
const READY = "Z".charCodeAt(0);
const IDLE = "I".charCodeAt(0);

/** `order`: whether the session that was freed last is taken first, or the one that has been free for longest. */
export async function createPooler(databaseUrl: string, order: "last" | "longest"): Promise<Pooler> {
  const behind = new URL(databaseUrl);
  const free: Session[] = [];
  const server = createServer((socket) => {
    const session: Session = { socket: connect(Number(behind.port), behind.hostname), client: undefined };
    // Greeting and password go to a session of its own, which everybody shares from then on.
    const client: Client = { socket, session, awaited: 1 };
    session.client = client;
    let isGreeted = false;
    const readClient = messages((type) => {
      if (type === QUERY || type === SYNC) client.awaited++;
    });
    const readSession = messages((type, body) => {
      if (type !== READY) return;
      isGreeted = true;
      const { client: current } = session;
      if (current === undefined || --current.awaited > 0 || body[0] !== IDLE) return;
      current.session = undefined;
      session.client = undefined;
      free.push(session);
    });
    for (const one of [socket, session.socket]) one.on("error", () => {});
    socket.on("data", (bytes) => {
      if (isGreeted) {
        client.session ??= order === "last" ? free.pop() : free.shift();
        if (client.session !== undefined) client.session.client = client;
        readClient(bytes);
      }
      client.session?.socket.write(bytes);
    });
    socket.on("close", () => client.session?.socket.destroy());
    session.socket.on("data", (bytes) => {
      const { client: current } = session;
      readSession(bytes);
      current?.socket.write(bytes);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = new URL(behind);
  url.port = String((server.address() as AddressInfo).port);
  return { url: url.href, server };
}

/** Cuts a stream into messages: a letter, four bytes of length, a body. */
function messages(hear: (type: number, body: Buffer) => void): (bytes: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    while (rest.length >= 5) {
      const end = 1 + rest.readUInt32BE(1);
      if (rest.length < end) return;
      hear(rest.readUInt8(0), rest.subarray(5, end));
      rest = rest.subarray(end);
    }
  };
}
