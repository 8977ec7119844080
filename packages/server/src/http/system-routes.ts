import type { FastifyInstance } from "fastify";
import type { Metrics } from "../metrics.ts";
import type { Health } from "./health.ts";

/** Routes for operators and their tools, without credentials: nothing here names a customer or a person. */
export interface SystemDeps {
  metrics: Metrics;
  checkHealth: () => Promise<Health>;
  openapi: () => object;
  /** Open realtime connections, by transport. */
  connections: () => Readonly<Record<string, number>>;
}

export function registerSystemRoutes(app: FastifyInstance, deps: SystemDeps): void {
  app.get("/healthz", async (_request, reply) => reply.type("text/plain").send("ok\n"));
  app.get("/readyz", async (_request, reply) => {
    const health = await deps.checkHealth();
    const isReady = health.database === "up";
    return reply.code(isReady ? 200 : 503).send({ status: isReady ? "ready" : "not ready", ...health });
  });
  app.get("/metrics", async (_request, reply) => {
    const health = await deps.checkHealth();
    const text = await deps.metrics.expose({
      is_up: health.queues !== undefined,
      is_full: health.database === "full",
      queues: health.queues ?? [],
      connections: deps.connections(),
    });
    return reply.type(deps.metrics.contentType).send(text);
  });
  app.get("/openapi.json", async (_request, reply) => reply.send(deps.openapi()));
}
