import { createServer, type Socket } from "node:net";

/**
 * A vendor that answers everything with 200, as cheaply as HTTP allows; it counts requests and reports when each
 * arrived.
 */
export interface Sink {
  url: string;
  count: () => number;
  /** Called with the time (performance.now) of each arrival, and the request. */
  onArrival: (hear: (at: number, request: string) => void) => void;
  close: () => void;
}

const ANSWER = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";

export async function createSink(): Promise<Sink> {
  let arrivals = 0;
  let hear: (at: number, request: string) => void = () => {};
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    let pending = "";
    socket.on("data", (chunk) => {
      pending += chunk.toString("latin1");
      for (let end = requestEnd(pending); end !== -1; end = requestEnd(pending)) {
        arrivals++;
        hear(performance.now(), pending.slice(0, end));
        pending = pending.slice(end);
        socket.write(ANSWER);
      }
    });
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/sms`,
    count: () => arrivals,
    onArrival: (listener) => (hear = listener),
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Where the first complete request ends; -1 while it is incomplete. */
function requestEnd(text: string): number {
  const head = text.indexOf("\r\n\r\n");
  if (head === -1) return -1;
  const length = Number(/content-length: (\d+)/i.exec(text.slice(0, head))?.[1] ?? 0);
  const end = head + 4 + length;
  return text.length >= end ? end : -1;
}
