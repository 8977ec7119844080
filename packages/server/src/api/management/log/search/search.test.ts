import { describe, expect } from "vitest";
import { signedIn } from "../../../../../test/outside/browser.ts";
import { onServer as it } from "../../../../../test/fixture.ts";
import { until } from "../../../../../test/harness.ts";
import type { Hub } from "../../../../../test/hub.ts";
import type { Management } from "../../../../../test/management.ts";
import type { Pipeline } from "../../../../../test/pipeline.ts";

interface Found {
  meta: {
    limit: number;
    after: string | null;
    scanned: { since: string; until: string; is_complete: boolean };
  };
  results: Record<string, unknown>[];
}

const search = (management: Management, log: string, q: string, more = "") =>
  management.call("GET", `log/search/${log}?q=${encodeURIComponent(q)}${more}`);

const found = async (management: Management, log: string, q: string, more = "") => {
  const { status, body } = await search(management, log, q, more);
  expect({ status, body }).toMatchObject({ status: 200 });
  return body as Found;
};

/** Two workflows, three people, one of whom cannot be reached. */
async function furnish(hub: Hub, management: Management, pipeline: Pipeline): Promise<void> {
  await pipeline.addTemplate("welcome", ["email"]);
  for (const slug of ["order-placed", "order-paid", "login"]) await hub.addWorkflow(slug);
  await hub.call("POST", "/v1/user/ann/", { $email: ["Ann@Example.com"] });
  await hub.call("POST", "/v1/user/bob/", { $email: ["bob@example.com"] });
  await hub.call("POST", "/v1/user/cut/", {});
  const trigger = (workflow: string, who: string, key: string) =>
    hub.call("POST", "/trigger/", { workflow, recipients: [who], data: {}, $idempotency_key: key });
  await trigger("order-placed", "ann", "k-1");
  await trigger("order-paid", "bob", "k-2");
  await trigger("login", "ann", "other");
  await trigger("login", "cut", "k-3");
  await until(async () => {
    const { results } = (await management.call("GET", "log/execution")).body as {
      results: { ended_at: unknown }[];
    };
    return results.length === 4 && results.every(({ ended_at }) => ended_at !== null);
  });
  await until(async () => {
    const { results } = (await hub.call("GET", "/v1/message/")).json as { results: { status: string }[] };
    return results.length === 3 && results.every(({ status }) => status !== "triggered");
  });
}

describe("/v1/{workspace}/log/search/{log}/", () => {
  it("200: finds what a query asks for, in each of the logs", async ({ hub, management, pipeline }) => {
    await furnish(hub, management, pipeline);
    const count = async (log: string, q: string) => (await found(management, log, q)).results.length;
    const expected: [log: string, q: string, count: number][] = [
      ["request", "", 4],
      ["request", "workflow:order-*", 2],
      ["request", "user:ann", 2],
      ["request", "user:ann@example.com", 2],
      ["request", "key:k-*", 3],
      ["request", "-key:k-*", 1],
      ["request", "status:failed", 0],
      ["request", "api:event", 0],
      ["execution", "user:ann@EXAMPLE.com workflow:login", 1],
      ["execution", "workflow:login,order-paid", 3],
      ["execution", "channel:email", 3],
      ["execution", "channel:sms", 0],
      ["execution", "-channel:email", 1],
      ["execution", "template:wel*", 3],
      ["execution", "key:k-1", 1],
      ["execution", '"Run Started" -"batch"', 4],
      ["message", "user:bob@example.com", 1],
      ["message", "channel:email -user:bob", 2],
      ["message", "status:failed", 0],
      ["message", "vendor:simulator-*", 3],
      ["message", "-class:recipient", 3],
      ["message", "since:1h", 3],
      ["message", "since:2020-01-01 until:2020-02-01", 0],
    ];
    const seen: typeof expected = [];
    for (const [log, q] of expected) seen.push([log, q, await count(log, q)]);
    expect(seen).toEqual(expected);
    // Rows as the lists have them.
    const { results } = await found(management, "request", "key:k-1");
    expect(results).toEqual(
      ((await management.call("GET", "log/request?idempotency_key=k-1")).body as { results: unknown[] })
        .results,
    );
    const messages = await found(management, "message", "");
    expect(messages.results).toEqual(
      ((await hub.call("GET", "/v1/message/")).json as { results: unknown[] }).results,
    );
  });

  it("200: in pages without a count, none twice, and says how far it has searched", async ({
    hub,
    management,
    pipeline,
  }) => {
    await furnish(hub, management, pipeline);
    for (const [log, id] of [
      ["request", "request_id"],
      ["execution", "execution_id"],
      ["message", "message_id"],
    ] as const) {
      const seen: unknown[] = [];
      let after = "";
      do {
        const page = await found(
          management,
          log,
          "since:30d",
          `&limit=1${after === "" ? "" : `&after=${after}`}`,
        );
        expect(page.meta).not.toHaveProperty("count");
        seen.push(...page.results.map((row) => row[id]));
        after = page.meta.after ?? "";
        if (after === "") expect(page.meta.scanned.is_complete).toBe(true);
      } while (after !== "");
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen).toHaveLength(log === "message" ? 3 : 4);
    }
    const { meta } = await found(management, "message", "since:30d key:nothing");
    expect(meta).toMatchObject({ after: null, scanned: { is_complete: true } });
    expect(Date.parse(meta.scanned.until) - Date.parse(meta.scanned.since)).toBe(30 * 86_400_000);
  });

  it("400: a filter that cannot be applied is an error at its place, never dropped", async ({
    management,
  }) => {
    expect(await search(management, "message", "status:failed colour:red")).toMatchObject({
      status: 400,
      body: {
        message: expect.stringContaining("q: this log has no filter 'colour'"),
        detail: { q: [{ start: 14, end: 24 }] },
      },
    });
    expect((await search(management, "message", "api:event")).status).toBe(400);
    expect((await search(management, "message", "since:1h until:2h")).body).toMatchObject({
      message: "q: since must be before until",
    });
    expect((await search(management, "nothing", "")).status).toBe(400);
    expect((await search(management, "message", "", "&after=%27")).status).toBe(400);
    expect((await management.call("GET", "log/search/message?query=x")).status).toBe(400);
    const { body } = await search(management, "execution", 'workflow:"\'; drop table run; --"');
    expect(body).toMatchObject({ results: [] });
  });

  it("403: nobody finds out what a gate saw by searching for it", async ({ hub, harness }) => {
    const viewer = await signedIn(harness, [{ workspace: hub.workspace.slug, role: "viewer" }]);
    const ask = (log: string) => viewer.call("GET", `/v1/${hub.workspace.slug}/log/search/${log}/?q=secret`);
    expect((await ask("execution")).status).toBe(403);
    expect((await ask("message")).status).toBe(200);
  });
});

describe("/v1/{workspace}/log/histogram/{log}/", () => {
  it("200: counts what a query finds over time, by status", async ({ hub, management, pipeline }) => {
    await furnish(hub, management, pipeline);
    const { body } = await management.call("GET", "log/histogram/message?q=since:1h&buckets=4");
    const { results, scanned } = body as {
      results: { from: string; until: string; counts: Record<string, number> }[];
      scanned: { is_complete: boolean };
    };
    expect(results).toHaveLength(4);
    expect(scanned.is_complete).toBe(true);
    const total = results
      .flatMap(({ counts }) => Object.values(counts))
      .reduce((sum, count) => sum + count, 0);
    expect(total).toBe(3);
    for (const [index, { from }] of results.entries()) {
      if (index > 0) expect(from).toBe(results[index - 1]?.until);
    }
    const runs = await management.call(
      "GET",
      `log/histogram/execution?q=${encodeURIComponent("workflow:order-*")}&buckets=1`,
    );
    expect(runs.body).toMatchObject({ results: [{ counts: { completed: 2 } }] });
  });

  it("400: of a query that cannot be applied", async ({ management }) => {
    expect((await management.call("GET", "log/histogram/message?q=colour:red")).status).toBe(400);
    expect((await management.call("GET", "log/histogram/message?buckets=many")).status).toBe(400);
  });
});
