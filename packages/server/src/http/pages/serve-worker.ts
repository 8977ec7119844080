import type { FastifyInstance } from "fastify";
import { SERVICE_WORKER } from "./serviceworker.gen.ts";

/**
 * The service worker of web push, for sites that import it into a worker of their own: it has the address of this server
 * in it. `base_url`: the server's own address as others know it; null: the one that it is asked under.
 */
export function serveWorker(app: FastifyInstance, base_url: string | null): void {
  app.get("/sdk/serviceworker.js", async (request, reply) => {
    const host = base_url ?? `${request.protocol}://${request.host}`;
    return reply
      .type("text/javascript; charset=utf-8")
      .header("cache-control", "public, max-age=3600")
      .header("access-control-allow-origin", "*")
      .header("cross-origin-resource-policy", "cross-origin")
      .header("x-content-type-options", "nosniff")
      .header("service-worker-allowed", "/")
      .send(`self.carillonHost=${JSON.stringify(host)};\n${SERVICE_WORKER}\n`);
  });
}
