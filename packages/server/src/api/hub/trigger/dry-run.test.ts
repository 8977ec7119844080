import { describe, expect } from "vitest";
import { onServer as it } from "../../../../test/fixture.ts";
import { is } from "../../../../test/conditions.ts";
import { branch, delay, node, type Pipeline, sms } from "../../../../test/pipeline.ts";
import type { JsonObject } from "../../../core/json.ts";

it.beforeEach(async ({ pipeline }) => {
  await pipeline.addTemplate("text", ["sms", "inbox"]);
});

interface Answer {
  status: number;
  json: {
    duplicate_of: string | null;
    problems: JsonObject[];
    is_complete: boolean;
    recipients: {
      distinct_id?: string;
      status: string;
      ends_at: string;
      messages: JsonObject[];
      steps: { stage: string; message: string; severity: string }[];
    }[];
    message?: string;
  };
}

const rehearse = async (pipeline: Pipeline, body: unknown): Promise<Answer> =>
  (await pipeline.call("POST", "/trigger/?dry_run=true", body)) as unknown as Answer;

const ann = { distinct_id: "ann", $sms: "+14155550100" };

/** The rows of every table that a trigger could write. */
async function traces(pipeline: Pipeline): Promise<unknown> {
  const { db } = pipeline.services;
  const tables = ["request", "run", "message", "recipient", "batch", "throttle", "waiter", "inbox_item"];
  const counts = await Promise.all(
    tables.map(async (table) => {
      const [row] = await db.query<{ count: number }>(
        `select count(*)::int as count from ${table} where workspace_id = $1`,
        [pipeline.workspace_id],
      );
      return [table, row?.count];
    }),
  );
  const [jobs] = await db.query<{ count: number }>("select count(*)::int as count from pgboss.job");
  return [...counts, ["jobs", jobs?.count]];
}

describe("POST /trigger/?dry_run=true 200", () => {
  it("shows each recipient's messages as they would be rendered, through waits and branches", async ({
    pipeline,
  }) => {
    await pipeline.commit("journey", [
      sms("s1"),
      delay("d1", "10d"),
      branch("b1", [
        { when: is("plan", "pro"), nodes: [node("send_inbox", "i1", { template: "text" })] },
        { nodes: [] },
      ]),
    ]);
    const before = await traces(pipeline);
    const { status, json } = await rehearse(pipeline, {
      workflow: "journey",
      recipients: [ann, { distinct_id: "ben" }],
      data: { plan: "pro" },
    });
    expect(status).toBe(200);
    expect(json).toMatchObject({ duplicate_of: null, problems: [], is_complete: true });
    const [first, second] = json.recipients;
    expect(first).toMatchObject({
      distinct_id: "ann",
      status: "completed",
      messages: [
        { node_ref: "s1", channel: "sms", channel_value: "+14155550100", content: { body: "Hello ann" } },
        { node_ref: "i1", channel: "inbox", content: { header: "Hello" } },
      ],
    });
    expect(Date.parse(first?.ends_at ?? "") - Date.now()).toBeGreaterThan(9.9 * 86_400_000);
    expect(second).toMatchObject({
      distinct_id: "ben",
      status: "partial_failure",
      messages: [{ node_ref: "i1" }],
    });
    expect(second?.steps.find(({ severity }) => severity === "warning")?.message).toContain(
      "no respective user",
    );
    expect(await traces(pipeline)).toEqual(before);
  });

  it("says why a recipient would get nothing", async ({ pipeline }) => {
    await pipeline.commit("picky", [sms("s1")], { conditions: [is("go", "yes")] });
    const { json } = await rehearse(pipeline, { workflow: "picky", recipients: [ann], data: { go: "no" } });
    expect(json.recipients).toEqual([]);
    expect(json.problems).toMatchObject([
      { error_code: "conditions_false", trace: [{ left: "no", right: "yes" }] },
    ]);
  });

  it("names the request that has used the idempotency key", async ({ pipeline }) => {
    await pipeline.commit("once", [sms("s1")]);
    const body = { workflow: "once", recipients: [ann], $idempotency_key: "key-1" };
    const id = await pipeline.trigger(body);
    expect((await rehearse(pipeline, body)).json.duplicate_of).toBe(id);
  });

  it("makes no call of an HTTP node, and continues without its response", async ({ pipeline }) => {
    await pipeline.commit("calling", [
      node("httpapi_webhook", "w1", { http_method: "POST", url: '"http://127.0.0.1:9/never"' }),
      sms("s1"),
    ]);
    const { json } = await rehearse(pipeline, { workflow: "calling", recipients: [ann] });
    expect(json.recipients).toMatchObject([{ messages: [{ node_ref: "s1" }] }]);
    expect(json.recipients[0]?.steps.map(({ message }) => message)).toContain(
      "the call is not made in a dry run; going on without its answer",
    );
  });
});

describe("POST /trigger/?dry_run=true 4xx", () => {
  it.for([
    ["/trigger/?dry_run", "must be true or false"],
    ["/trigger/?dry_run=", "must be true or false"],
    ["/trigger/?dry_run=yes", "must be true or false"],
    ["/trigger/?dryrun=true", "is spelt dry_run"],
    ["/trigger/?dry-run=true", "is spelt dry_run"],
    ["/trigger/?DRY_RUN=true", "is spelt dry_run"],
    ["/v2/event/?dry_run=true", "only POST /trigger/ can be rehearsed"],
    ["/v2/bulk/event/?dry_run=true", "only POST /trigger/ can be rehearsed"],
    ["/event/?dry_run=true", "only POST /trigger/ can be rehearsed"],
  ] as const)(
    "never does for real what may have been meant as a rehearsal: %s",
    async ([path, text], { pipeline }) => {
      await pipeline.commit("w", [sms("s1")], { events: ["Paid"] });
      const record = { workflow: "w", recipients: ["ann"], event: "Paid", distinct_id: "ann" };
      const answer = await pipeline.call("POST", path, path.includes("bulk") ? [record] : record);
      expect(answer.status, answer.text).toBe(400);
      expect(answer.text).toContain(text);
    },
  );

  it.for([
    ["a workflow that is not there", { workflow: "nobody", recipients: ["ann"] }, 404, "not found"],
    ["no recipients", { workflow: "w", recipients: [] }, 400, "at least 1"],
    ["an array", [{ workflow: "w", recipients: ["ann"] }], 400, "one record"],
    ["no map", "text", 400, ""],
  ] as const)("refuses %s as a trigger does", async ([_name, body, status, text], { pipeline }) => {
    const answer = await rehearse(pipeline, body);
    expect(answer.status).toBe(status);
    expect(JSON.stringify(answer.json)).toContain(text);
  });
});
