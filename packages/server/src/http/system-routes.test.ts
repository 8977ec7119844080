import { fastify, type FastifyInstance } from "fastify";
import { afterEach, describe, expect, it } from "vitest";
import { createMetrics, type Metrics, type QueueReading } from "../metrics.ts";
import { createHealth, databaseRefusal, type HealthDeps } from "./health.ts";
import { registerSystemRoutes } from "./system-routes.ts";

const READING: QueueReading = { stage: "send", lane: "system", waiting: 7, active: 1, oldest_seconds: 2.5 };
const DISK_FULL = Object.assign(new Error('could not extend file "base/1": No space left'), {
  code: "53100",
});
const AWAY = Object.assign(new Error("connect ECONNREFUSED 10.0.0.7:5432"), { code: "ECONNREFUSED" });

let app: FastifyInstance;
let metrics: Metrics;
afterEach(() => app.close());

/** The routes in front of a scripted database; its behaviour may change between requests. */
function serve(
  database: Pick<HealthDeps, "measureQueues" | "isOutOfRoom"> &
    Partial<Pick<HealthDeps, "checkWrites" | "acceptWaited_ms">> & { ensureRoom?: () => Promise<void> },
): void {
  app = fastify();
  metrics = createMetrics();
  const checkHealth = createHealth({
    db: { ensureRoom: () => database.ensureRoom?.() ?? Promise.resolve() },
    measureQueues: () => database.measureQueues(),
    checkWrites: () => database.checkWrites?.() ?? Promise.resolve(),
    acceptWaited_ms: () => database.acceptWaited_ms?.() ?? 0,
    isOutOfRoom: () => database.isOutOfRoom?.() === true,
    patience_ms: 50,
  });
  registerSystemRoutes(app, { metrics, checkHealth, openapi: () => ({}), connections: () => ({}) });
}

async function ask(url: string): Promise<{ status: number; body: string }> {
  const { statusCode, body } = await app.inject({ method: "GET", url });
  return { status: statusCode, body };
}

describe("/readyz", () => {
  it("is ready with what waits, while the database answers", async () => {
    serve({ measureQueues: async () => [READING] });
    const { status, body } = await ask("/readyz");
    expect(status).toBe(200);
    expect(JSON.parse(body)).toEqual({ status: "ready", database: "up", queues: [READING] });
  });

  it("is not ready and says why, without the address, while it is unreachable", async () => {
    serve({ measureQueues: () => Promise.reject(AWAY) });
    const { status, body } = await ask("/readyz");
    expect(status).toBe(503);
    expect(JSON.parse(body)).toEqual({
      status: "not ready",
      database: "down",
      reason: "the database is not answering",
    });
  });

  it("is not ready while the disk is full, and ready again when there is room", async () => {
    let room = () => Promise.reject(DISK_FULL);
    serve({ measureQueues: async () => [], ensureRoom: () => room() });
    const { status, body } = await ask("/readyz");
    expect(status).toBe(503);
    expect(JSON.parse(body)).toMatchObject({
      database: "full",
      reason: "the disk of the database is full",
    });
    room = () => Promise.resolve() as Promise<never>;
    expect((await ask("/readyz")).status).toBe(200);
  });

  it.each([
    ["a table is locked, or a limit of its administrator was reached", "55P03"],
    ["it is a standby, or was set to read only", "25006"],
  ])("is not ready while writes are refused: %s", async (reason, code) => {
    const refused = Object.assign(new Error("refused"), { code });
    serve({ measureQueues: async () => [READING], checkWrites: () => Promise.reject(refused) });
    const { status, body } = await ask("/readyz");
    expect(status).toBe(503);
    const said: unknown = JSON.parse(body);
    expect(said).toMatchObject({
      database: "busy",
      reason: expect.stringContaining(reason),
      queues: [READING],
    });
  });

  it("is not ready while what is being accepted hangs, although the database answers others", async () => {
    let waited = 7000;
    serve({ measureQueues: async () => [], acceptWaited_ms: () => waited });
    const { status, body } = await ask("/readyz");
    expect(status).toBe(503);
    expect(body).toContain("triggers have waited for the database for 7 s");
    waited = 0;
    expect((await ask("/readyz")).status).toBe(200);
  });

  it("answers in time when the database does not, and asks it once for all concurrent requests", async () => {
    const hanging = Promise.withResolvers<QueueReading[]>();
    let asked = 0;
    serve({
      measureQueues() {
        asked++;
        return hanging.promise;
      },
    });
    const answers = await Promise.all([ask("/readyz"), ask("/metrics"), ask("/readyz")]);
    expect(answers.map(({ status }) => status)).toEqual([503, 200, 503]);
    expect(answers[0]?.body).toContain("did not answer within 0.05 s");
    expect(asked).toBe(1);
    hanging.resolve([]);
  });
});

describe("/metrics", () => {
  it("continues with the process's own counters while the database is unreachable, and reports that", async () => {
    let measure = async () => [READING];
    serve({ measureQueues: () => measure() });
    metrics.accepted(3);
    const before = await ask("/metrics");
    expect(before.body).toContain("carillon_database_up 1");
    expect(before.body).toContain('carillon_queue_jobs{stage="send",lane="system",state="waiting"} 7');

    measure = () => Promise.reject(AWAY);
    metrics.accepted(2);
    const { status, body } = await ask("/metrics");
    expect(status).toBe(200);
    expect(body).toContain("carillon_database_up 0");
    expect(body).toContain("carillon_database_full 0");
    expect(body).toContain("carillon_accepted_total 5");
    // An old reading would look like a new one.
    expect(body).not.toMatch(/^carillon_queue_(jobs|oldest_seconds)\{/m);
  });

  it("says that the disk is full", async () => {
    serve({ measureQueues: async () => [READING], ensureRoom: () => Promise.reject(DISK_FULL) });
    const { body } = await ask("/metrics");
    expect(body).toContain("carillon_database_up 1");
    expect(body).toContain("carillon_database_full 1");
  });
});

describe("a database that has ended for lack of room", () => {
  it("is called full and not only unreachable, everywhere", async () => {
    serve({ measureQueues: () => Promise.reject(AWAY), isOutOfRoom: () => true });
    const { status, body } = await ask("/readyz");
    expect(status).toBe(503);
    expect(JSON.parse(body)).toEqual({
      status: "not ready",
      database: "full",
      reason: "the disk of the database is full",
    });
    const metrics = await ask("/metrics");
    expect(metrics.body).toContain("carillon_database_up 0");
    expect(metrics.body).toContain("carillon_database_full 1");
    expect(databaseRefusal(AWAY, true)?.message).toContain("the disk of the database is full");
  });
});

describe("a request that the database could not serve", () => {
  it.each([
    [DISK_FULL, "the disk of the database is full; send the request again when there is room"],
    [AWAY, "the database is not answering; send the request again"],
  ])("is answered with why: %s", (error, message) => {
    expect(databaseRefusal(error)).toMatchObject({ code: "database_unavailable", status: 503, message });
  });

  it("is not blamed on the database when it is not its fault", () => {
    expect(databaseRefusal(new Error("a bug"))).toBeNull();
  });
});
