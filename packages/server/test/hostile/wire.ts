import { once } from "node:events";
import { connect } from "node:net";
import type { Answer } from "./answer.ts";

/** Sends bytes on a socket and returns the responses: for requests that no HTTP client would send. */
export interface Conversation {
  answers: Answer[];
  /** The server has closed the connection, with or without a response. */
  closed: boolean;
}

export interface ConversationOptions {
  /** Hang up after the last byte instead of listening. */
  leave?: boolean;
  /** How many responses to wait for; waiting also ends when the server closes. */
  expect?: number;
  seconds?: number;
}

/** Sends the chunks one at a time, each after the system has taken the last. Rejects if nothing arrives in time. */
export async function converse(
  url: string,
  chunks: readonly (string | Buffer)[],
  { leave = false, expect = 1, seconds = 5 }: ConversationOptions = {},
): Promise<Conversation> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  const patience = AbortSignal.timeout(seconds * 1000);
  let received = Buffer.alloc(0);
  let closed = false;
  const { promise: over, resolve } = Promise.withResolvers<void>();
  socket.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    if (readAnswers(received).length >= expect) resolve();
  });
  // A reset is a valid response too.
  socket.on("error", () => {});
  socket.once("close", () => {
    closed = true;
    resolve();
  });
  try {
    await Promise.race([once(socket, "connect"), over]);
    for (const chunk of chunks) {
      if (socket.destroyed) break;
      await new Promise<void>((taken) => void socket.write(chunk, () => taken()));
    }
    if (leave) return { answers: [], closed };
    await Promise.race([over, once(patience, "abort")]);
    if (patience.aborted) throw new Error(`no answer within ${seconds} s to ${describe(chunks)}`);
    return { answers: readAnswers(received), closed };
  } finally {
    socket.destroy();
  }
}

function describe(chunks: readonly (string | Buffer)[]): string {
  return JSON.stringify(
    Buffer.concat(chunks.map((chunk) => Buffer.from(chunk)))
      .toString("latin1")
      .slice(0, 200),
  );
}

/** Only complete responses, without `100 Continue`. */
function readAnswers(bytes: Buffer): Answer[] {
  const answers: Answer[] = [];
  let rest = bytes;
  for (;;) {
    const end = rest.indexOf("\r\n\r\n");
    if (end === -1) return answers;
    const head = rest.subarray(0, end).toString("latin1");
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? Number.NaN);
    const content_type = /^content-type: (.+)$/im.exec(head)?.[1] ?? "";
    const body = readBody(rest.subarray(end + 4), head);
    if (body === null) return answers;
    if (status !== 100) answers.push({ status, content_type, text: body.text });
    rest = rest.subarray(end + 4 + body.length);
  }
}

/** Null while it is incomplete. Of a chunked body only the last, empty chunk is supported: no test sends more. */
function readBody(bytes: Buffer, head: string): { text: string; length: number } | null {
  if (/^transfer-encoding: chunked$/im.test(head)) {
    return bytes.toString("latin1").startsWith("0\r\n\r\n") ? { text: "", length: 5 } : null;
  }
  const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
  return bytes.length < length ? null : { text: bytes.subarray(0, length).toString("utf8"), length };
}

const HOST = "host: localhost\r\n";
const JSON_TYPE = "content-type: application/json\r\n";

/** A complete request as text. */
export function post(path: string, authorization: string, body: string, more = ""): string {
  return `POST ${path} HTTP/1.1\r\n${HOST}${JSON_TYPE}authorization: ${authorization}\r\n${more}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/**
 * Malformed requests, some of them only on closer inspection. Each must be refused or disconnected, without affecting
 * others.
 */
export const MALFORMED: readonly (string | Buffer)[] = [
  "\r\n\r\n\r\n\r\nX\r\n\r\n",
  "GET\r\n\r\n",
  "GET /healthz\r\n\r\n",
  "GET /healthz HTTP/9.9\r\n\r\n",
  "GET /healthz FTP/1.1\r\n\r\n",
  "BREW / HTTP/1.1\r\nhost: x\r\n\r\n",
  "CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\n\r\n",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "GET /healthz HTTP/1.1\r\n\r\n",
  `GET /healthz HTTP/1.1\r\n${HOST}${HOST}\r\n`,
  `GET /healthz HTTP/1.1\r\n${HOST}a b: c\r\n\r\n`,
  `GET /healthz HTTP/1.1\r\n${HOST}: c\r\n\r\n`,
  `GET /healthz HTTP/1.1\r\n${HOST}a: b\0c\r\n\r\n`,
  `GET /healthz HTTP/1.1\r\n${HOST}a: b\r\n folded\r\n\r\n`,
  `GET /healthz HTTP/1.1\r\n${HOST}a: ${"x".repeat(20_000)}\r\n\r\n`,
  `GET /${"x".repeat(20_000)} HTTP/1.1\r\n${HOST}\r\n`,
  `GET /healthz HTTP/1.1\r\n${HOST}${"a: b\r\n".repeat(5000)}\r\n`,
  "GET /healthz\0 HTTP/1.1\r\nhost: x\r\n\r\n",
  Buffer.concat([
    Buffer.from("GET /v1/user/"),
    Buffer.from([0xed, 0xa0, 0x80, 0xff]),
    Buffer.from(`/ HTTP/1.1\r\n${HOST}\r\n`),
  ]),
  `POST /trigger/ HTTP/1.1\r\n${HOST}${JSON_TYPE}content-length: -1\r\n\r\n{}`,
  `POST /trigger/ HTTP/1.1\r\n${HOST}${JSON_TYPE}content-length: 1e3\r\n\r\n{}`,
  `POST /trigger/ HTTP/1.1\r\n${HOST}${JSON_TYPE}content-length: 2\r\ncontent-length: 3\r\n\r\n{} `,
  `POST /trigger/ HTTP/1.1\r\n${HOST}${JSON_TYPE}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
  `POST /trigger/ HTTP/1.1\r\n${HOST}${JSON_TYPE}content-length: 99999999999\r\n\r\n{}`,
  `POST /trigger/ HTTP/1.1\r\n${HOST}${JSON_TYPE}transfer-encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
  `POST /trigger/ HTTP/1.1\r\n${HOST}${JSON_TYPE}transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`,
  `POST /trigger/ HTTP/1.1\r\n${HOST}${JSON_TYPE}transfer-encoding: chunked\r\n\r\nffffffffffffffff1\r\n{}`,
  `POST /trigger/ HTTP/1.1\r\n${HOST}${JSON_TYPE}expect: 200-ok\r\ncontent-length: 2\r\n\r\n{}`,
  `GET /healthz HTTP/1.1\r\n${HOST}upgrade: websocket\r\nconnection: upgrade\r\n\r\n`,
  `GET http://localhost/nowhere HTTP/1.1\r\n${HOST}\r\n`,
  `GET * HTTP/1.1\r\n${HOST}\r\n`,
  Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]),
  Buffer.from(Array.from({ length: 512 }, (_unused, index) => (index * 167) % 256)),
];
