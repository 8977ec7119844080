import type { FastifyInstance } from "fastify";
import type { Db } from "../db/db.ts";
import type { Metrics, QueueReading } from "../metrics.ts";

/** What operators and their tools ask, without credentials: nothing here names a customer or a person. */
export interface SystemDeps {
  db: Db;
  metrics: Metrics;
  measureQueues: () => Promise<QueueReading[]>;
  openapi: () => object;
}

export function registerSystemRoutes(app: FastifyInstance, deps: SystemDeps): void {
  app.get("/healthz", async (_request, reply) => reply.type("text/plain").send("ok\n"));
  app.get("/readyz", async (_request, reply) => {
    try {
      await deps.db.query("select 1");
      const queues = await deps.measureQueues();
      return await reply.send({ status: "ready", database: "up", queues });
    } catch {
      return reply.code(503).send({ status: "not ready", database: "down" });
    }
  });
  app.get("/metrics", async (_request, reply) =>
    reply.type(deps.metrics.contentType).send(await deps.metrics.expose()),
  );
  app.get("/openapi.json", async (_request, reply) => reply.send(deps.openapi()));
}
