import { describe, expect } from "vitest";
import { onOwnApi as it } from "../../../../test/fixture.ts";
import { until } from "../../../../test/harness.ts";
import { callVendor, routeAll, sent } from "../../../../test/outside/called-vendor.ts";
import { sms } from "../../../../test/pipeline.ts";

interface Health {
  minutes: number;
  results: Record<string, unknown>[];
}

describe("GET /v1/{workspace}/vendor_health/ 200", () => {
  it("adds up what calls came to in all processes, and what they cost", async ({
    harness,
    pipeline,
    workers,
    management,
  }) => {
    const called = callVendor("sms", "counted", {});
    await pipeline.addTemplate("text");
    await pipeline.commit("text", [sms("sms_1")]);
    await routeAll(harness, pipeline.workspace_id, [called], 30);
    await harness.services.db.query("update vendor_config set price = 0.05 where workspace_id = $1", [
      pipeline.workspace_id,
    ]);
    const [one] = [await workers.start({ vendors: [called.vendor] })];
    const people = ["ann", "bob", "cyd"].map((distinct_id) => ({ distinct_id, $sms: "+14155550100" }));
    await pipeline.trigger({ workflow: "text", recipients: people });
    await until(async () => called.calls.length === 3);
    called.calls[0]?.answer(sent);
    called.calls[1]?.answer(sent);
    called.calls[2]?.answer({ kind: "failed", class: "recipient", code: "no", message: "no such number" });
    const health = await until(async () => {
      await one?.sweep();
      const { body } = await management.call("GET", "vendor_health?minutes=5");
      return (body as Health).results.some(({ calls }) => calls === 3) ? (body as Health) : null;
    });
    expect(health).toMatchObject({ minutes: 5 });
    expect(health.results.find(({ calls }) => calls === 3)).toMatchObject({
      channel: "sms",
      sent: 2,
      calls_per_second: 0.01,
      errors: { recipient: 1, message: 0, config: 0, throttled: 0, transient: 0, ambiguous: 0 },
      error_rate: 0.3333,
      latency_ms: { p50: expect.any(Number), p99: expect.any(Number) },
      breaker: { state: "closed", since: null, reason: null, probed_at: null },
      spend: { price: 0.05, amount: 0.1 },
    });
  });

  it("has vendors without calls, and says which is broken and since when", async ({
    harness,
    management,
  }) => {
    const { body } = await management.call("POST", "vendor/simulator-email", { config: {} });
    const { id } = body as { id: string };
    await harness.services.db.query(
      "update vendor_config set broken_at = now(), probed_at = now(), broken_reason = 'HTTP 500' where id = $1",
      [id],
    );
    const answer = await management.call("GET", "vendor_health");
    expect((answer.body as Health).results.find((vendor) => vendor.id === id)).toMatchObject({
      calls: 0,
      error_rate: null,
      latency_ms: { p50: null, p99: null },
      breaker: {
        state: "open",
        since: expect.any(String),
        reason: "HTTP 500",
        probed_at: expect.any(String),
      },
      spend: { price: null, amount: null },
    });
  });
});

describe("GET /v1/{workspace}/vendor_health/ 400", () => {
  it.for(["0", "1441", "1.5", "hour"])("minutes=%s", async (minutes, { management }) => {
    expect(await management.call("GET", `vendor_health?minutes=${minutes}`)).toMatchObject({
      status: 400,
      body: { detail: { minutes: [expect.any(String)] } },
    });
  });
});
