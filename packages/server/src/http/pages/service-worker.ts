import { readFile } from "node:fs/promises";
import type { FastifyInstance } from "fastify";

/**
 * What a page's service worker imports to show web push, with the server's address in it: a script cannot learn where it was
 * imported from. Null: the address by which it is asked for.
 */
export async function registerServiceWorker(app: FastifyInstance, baseUrl: string | null): Promise<void> {
  const script = await readFile(new URL("service-worker.js", import.meta.url), "utf8");
  app.get("/sdk/serviceworker.js", async (request, reply) => {
    const host = baseUrl ?? originOf(request.protocol, request.host);
    return (
      reply
        .type("text/javascript; charset=utf-8")
        .header("access-control-allow-origin", "*")
        .header("cross-origin-resource-policy", "cross-origin")
        .header("x-content-type-options", "nosniff")
        // Browsers look for a new one at most once a day; a wrong address must not stay for longer.
        .header("cache-control", "no-cache")
        .header("vary", "host")
        .send(script.replace('"{{host}}"', () => JSON.stringify(host)))
    );
  });
}

/** `Host` may be anything that a client sends. */
function originOf(protocol: string, host: string): string {
  const url = `${protocol}://${host}`;
  return URL.canParse(url) ? new URL(url).origin : "";
}
