import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

/** What came in. */
export interface Seen {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
  /** Of the client's end of the connection. */
  port: number;
}

/** How one request is answered; `hang` never is, `drop` closes the connection without an answer. */
export type Scripted =
  | { status: number; body?: unknown; headers?: Record<string, string>; text?: string }
  | "hang"
  | "drop";

export interface ScriptedServer extends AsyncDisposable {
  url: string;
  seen: Seen[];
}

/** A real HTTP server of which a test says how it answers, request by request; the last answer repeats. */
export async function serveScript(
  script: readonly Scripted[] | ((request: Seen) => Scripted),
): Promise<ScriptedServer> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      const one = {
        method,
        url,
        headers,
        body: Buffer.concat(parts).toString(),
        port: request.socket.remotePort ?? 0,
      };
      seen.push(one);
      const answer =
        typeof script === "function" ? script(one) : script[Math.min(seen.length, script.length) - 1];
      if (answer === undefined || answer === "hang") return;
      if (answer === "drop") return void request.socket.destroy();
      const type = answer.text === undefined ? "application/json" : "text/plain";
      response.writeHead(answer.status, { "content-type": type, ...answer.headers });
      response.end(answer.text ?? (answer.body === undefined ? "" : JSON.stringify(answer.body)));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
