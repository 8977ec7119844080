import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { AppError } from "../errors.ts";
import { presentError } from "./envelope.ts";

/**
 * Input that never becomes a request: bytes that are not HTTP, endless headers, an unsupported expectation. The
 * framework does not see it, but its sender still gets the reason, in the shape of the management API.
 */

const REASONS: Record<string, string> = {
  ERR_HTTP_REQUEST_TIMEOUT: "the request did not arrive in time",
  HPE_HEADER_OVERFLOW: "the URL and the headers are too large together: at most 16 KB",
};

/** Answers on the raw socket and closes it, since the following bytes cannot be separated from these. */
export function answerMalformed(error: { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, content_type, body } = refusal(REASONS[error.code ?? ""] ?? "this is not well-formed HTTP");
  const text = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${status} Bad Request`,
    "connection: close",
    `content-type: ${content_type}`,
    `content-length: ${Buffer.byteLength(text)}`,
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n${text}`);
  socket.destroySoon();
}

/** `Expect` with anything but `100-continue`. */
export function answerExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const { status, content_type, body } = refusal("Expect: must be 100-continue");
  const text = JSON.stringify(body);
  const headers = { "content-type": content_type, "content-length": Buffer.byteLength(text) };
  response.writeHead(status, { ...headers, connection: "close" }).end(text);
}

function refusal(message: string): ReturnType<typeof presentError> {
  return presentError(new AppError("validation_error", message), "management");
}
