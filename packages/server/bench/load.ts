import { connect, type Socket } from "node:net";

/**
 * A closed-loop load generator: each connection sends its next request after the previous response. It implements just
 * enough HTTP/1.1 to keep the generator's share of the two cores small; the server sees ordinary requests.
 */
export interface LoadOptions {
  host: string;
  port: number;
  connections: number;
  /** Stops after this many responses. */
  total: number;
  /** The whole request as bytes, for the n-th request. */
  request: (index: number) => Buffer;
  /** Whether a status is expected; any other ends the load. */
  accepts: (status: number) => boolean;
}

export interface LoadResult {
  answers: number;
  seconds: number;
  /** Milliseconds, sorted. */
  latencies: Float64Array;
}

export async function generateLoad(options: LoadOptions): Promise<LoadResult> {
  const latencies = new Float64Array(options.total);
  let sent = 0;
  let answered = 0;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: options.connections }, async () => {
      const socket = connect({ host: options.host, port: options.port, noDelay: true });
      await new Promise<void>((resolve, reject) => {
        socket.once("connect", resolve);
        socket.once("error", reject);
      });
      const answers = readAnswers(socket);
      while (sent < options.total) {
        const begun = performance.now();
        socket.write(options.request(sent++));
        const { value: status } = await answers.next();
        if (status === undefined || !options.accepts(status))
          throw new Error(`the server answered ${String(status)}`);
        latencies[answered++] = performance.now() - begun;
      }
      socket.destroy();
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  return { answers: answered, seconds, latencies: latencies.slice(0, answered).sort() };
}

/** Statuses of answers with a Content-Length, one request in flight at a time. */
async function* readAnswers(socket: Socket): AsyncGenerator<number> {
  let buffer = "";
  for await (const chunk of socket) {
    buffer += (chunk as Buffer).toString("latin1");
    const end = buffer.indexOf("\r\n\r\n");
    if (end === -1) continue;
    const length = Number(/content-length: (\d+)/i.exec(buffer.slice(0, end))?.[1] ?? 0);
    if (buffer.length < end + 4 + length) continue;
    const status = Number(buffer.slice(9, 12));
    buffer = "";
    yield status;
  }
}

export function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** A POST with a JSON body, ready to be written. */
export function post(path: string, headers: Record<string, string>, body: string): Buffer {
  const bytes = Buffer.from(body);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([
    Buffer.from(
      `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${bytes.length}\r\n${lines.join("")}\r\n`,
    ),
    bytes,
  ]);
}
