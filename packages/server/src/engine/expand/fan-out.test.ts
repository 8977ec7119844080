import { describe, expect } from "vitest";
import { onOwnApi as it } from "../../../test/fixture.ts";
import type { Workers } from "../../../test/worker.ts";
import { until } from "../../../test/harness.ts";
import { is } from "../../../test/conditions.ts";
import { type Overrides, delay, type Pipeline, type RunRow, sms } from "../../../test/pipeline.ts";
import type { JsonObject } from "../../core/json.ts";
import { addSubscriptions } from "../../recipients/subscriptions.ts";

/* An object as a recipient: who gets a run, that each gets only one, and how the runs are linked. */

it.beforeEach(async ({ pipeline }) => {
  await pipeline.addTemplate("text");
});

interface Subscriber {
  object_type?: string;
  distinct_id: string;
}

async function subscribe(
  pipeline: Pipeline,
  object_id: string,
  subscribers: Subscriber[],
  properties: JsonObject = {},
) {
  const { db, ids } = pipeline.services;
  const users = subscribers.filter(({ object_type }) => object_type === undefined);
  await db.tx(async (tx) => {
    for (const { distinct_id } of users) {
      await tx.query(
        `insert into recipient (workspace_id, id, distinct_id) values ($1, $2, $3) on conflict do nothing`,
        [pipeline.workspace_id, ids.ulid(), distinct_id],
      );
    }
    const keys = subscribers.map(({ object_type = "", distinct_id }) => ({ object_type, distinct_id }));
    const item = { object_type: "team", object_id, create_if_missing: true, subscribers: keys, properties };
    expect(await addSubscriptions(tx, pipeline.workspace_id, [item], ids)).toMatchObject([{ ok: true }]);
  });
}

const team = (id: string, more: JsonObject = {}) => ({
  object_type: "team",
  id,
  $sms: "+14155550100",
  ...more,
});
const named = (runs: RunRow[]) => runs.map(({ distinct_id }) => distinct_id).sort();

interface Child extends RunRow {
  parent_run_id: string | null;
  parent_object: string | null;
}

describe("an object as a recipient", () => {
  it.beforeEach(async ({ pipeline }) => {
    await pipeline.commit("hello", [sms("sms_1")]);
  });

  it("reaches its subscribers and those of its child objects, each once, linked to its own run", async ({
    pipeline,
    workers,
  }) => {
    await subscribe(pipeline, "eu", [{ distinct_id: "ben" }, { distinct_id: "cem" }]);
    await subscribe(pipeline, "all", [
      { distinct_id: "ann" },
      { distinct_id: "ben" },
      { object_type: "team", distinct_id: "eu" },
    ]);
    await pipeline.trigger({ workflow: "hello", recipients: [team("all")] });
    await workers.start();

    const runs = (await pipeline.finished(5)) as Child[];
    expect(named(runs)).toEqual(["all", "ann", "ben", "cem", "eu"]);
    const root = runs.find(({ distinct_id }) => distinct_id === "all");
    const parents = new Map(runs.map((run) => [run.distinct_id, [run.parent_run_id, run.parent_object]]));
    expect(parents.get("all")).toEqual([null, null]);
    for (const child of ["ann", "ben", "eu"]) expect(parents.get(child)).toEqual([root?.id, "team/all"]);
    expect(parents.get("cem")).toEqual([root?.id, "team/eu"]);
  });

  it.for([
    [0, ["all"]],
    [1, ["all", "ann", "eu"]],
    [2, ["all", "ann", "ben", "eu"]],
  ] as const)("with depth %i reaches %j", async ([depth, reached], { pipeline, workers }) => {
    await subscribe(pipeline, "eu", [{ distinct_id: "ben" }]);
    await subscribe(pipeline, "all", [{ distinct_id: "ann" }, { object_type: "team", distinct_id: "eu" }]);
    const recipients = [team("all", { $object_subscriptions_query: { depth } })];
    const request = await pipeline.trigger({ workflow: "hello", recipients });
    await workers.start();

    expect(named(await pipeline.finished(reached.length))).toEqual(reached);
    expect((await pipeline.request(request)).status).toBe("accepted");
  });

  it("does not reach again a subscriber whom the request names", async ({ pipeline, workers }) => {
    await subscribe(pipeline, "all", [{ distinct_id: "ann" }, { distinct_id: "ben" }]);
    await pipeline.trigger({ workflow: "hello", recipients: ["ben", team("all")] });
    await workers.start();

    const runs = (await pipeline.finished(3)) as Child[];
    expect(named(runs)).toEqual(["all", "ann", "ben"]);
    expect(runs.find(({ distinct_id }) => distinct_id === "ben")?.parent_object).toBeNull();
  });

  it("reaches each of many subscribers exactly once with several workers", async ({ pipeline, workers }) => {
    const many = Array.from({ length: 1034 }, (_, index) => ({ distinct_id: `user-${index}` }));
    await subscribe(pipeline, "all", many);
    const request = await pipeline.trigger({ workflow: "hello", recipients: [team("all")] });
    await workers.start();
    await workers.start();

    const runs = await pipeline.finished(1035);
    expect(new Set(named(runs)).size).toBe(1035);
    expect(new Set(runs.map(({ request_id }) => request_id))).toEqual(new Set([request]));
  });

  it("shows subscribers the payload and the properties of their subscription", async ({
    pipeline,
    workers,
  }) => {
    await pipeline.commit("admins", [delay("d1", "0s"), sms("sms_1")], {
      conditions: [is("subscription.role", "admin", "$recipient")],
    });
    await subscribe(pipeline, "all", [{ distinct_id: "ann" }], { role: "admin" });
    await subscribe(pipeline, "all", [{ distinct_id: "ben" }], { role: "guest" });
    await pipeline.trigger({ workflow: "admins", recipients: [team("all")] });
    await workers.start();

    const [run, ...others] = (await pipeline.finished(1)) as Child[];
    expect(run).toMatchObject({ distinct_id: "ann", parent_run_id: null, parent_object: "team/all" });
    expect(others).toEqual([]);
  });
});

describe("an event's overrides", () => {
  async function send(
    pipeline: Pipeline,
    workers: Workers,
    overrides: Overrides,
    properties: JsonObject,
  ): Promise<string> {
    await pipeline.commit("on-event", [sms("sms_1")], { events: ["ordered"], overrides });
    await subscribe(pipeline, "shop", [{ distinct_id: "ann" }, { distinct_id: "ben" }]);
    const answer = await pipeline.call("POST", "/event/", {
      distinct_id: "nobody",
      event: "ordered",
      properties,
    });
    expect(answer.status).toBe(202);
    await workers.start();
    const [request] = await pipeline.requests();
    return request?.id ?? "";
  }

  it.for([
    ["a stream", ".who[]"],
    ["a list", ".who"],
  ] as const)("make one run for each recipient of %s", async ([_name, expression], { pipeline, workers }) => {
    await send(
      pipeline,
      workers,
      { override_recipients_type: "user", override_recipients_user_expr: expression },
      { who: ["ann", "ben", "ann"] },
    );
    expect(named(await pipeline.finished(2))).toEqual(["ann", "ben"]);
  });

  it.for<[string, Overrides, JsonObject, string[]]>([
    [
      "a list of users",
      { override_recipients_type: "user", override_recipients_user_expr: ".who" },
      { who: [7, "ann"] },
      ["7", "ann"],
    ],
    [
      "an object, and its depth",
      {
        override_recipients_type: "single_object_fields",
        override_recipients_single_object_fields_expr: {
          id: ".shop",
          object_type: '"team"',
          "$object_subscriptions_query.depth": 0,
        },
      },
      { shop: 8 },
      ["8"],
    ],
    [
      "an object in the workflow itself",
      {
        override_recipients_type: "single_object_fields",
        override_recipients_single_object_fields_expr: { id: 8, object_type: '"team"' },
      },
      {},
      ["8"],
    ],
    [
      "the actor",
      {
        override_actor_user_expr: ".by",
        override_recipients_type: "user",
        override_recipients_user_expr: '"ann"',
      },
      { by: 7 },
      ["ann"],
    ],
  ])(
    "take a number for an id: %s",
    async ([_name, overrides, properties, people], { harness, pipeline, workers }) => {
      await pipeline.call("POST", "/v1/user/7/", { $sms: "+14155552671" });
      await harness.services.db.tx((tx) =>
        harness.services.recipients.apply(tx, pipeline.workspace.workspace_id, [
          {
            object_type: "team",
            distinct_id: "8",
            operations: [],
            mode: "lenient",
            restore: false,
            create: true,
            tenant_id: null,
          },
        ]),
      );
      await send(pipeline, workers, overrides, properties);
      expect(named(await pipeline.finished(people.length))).toEqual(people);
    },
  );

  it("name an object, whose subscribers are reached to the given depth", async ({ pipeline, workers }) => {
    await send(
      pipeline,
      workers,
      {
        override_recipients_type: "single_object_fields",
        override_recipients_single_object_fields_expr: {
          id: ".shop",
          object_type: '"team"',
          "$object_subscriptions_query.depth": "1",
        },
      },
      { shop: "shop" },
    );
    expect(named(await pipeline.finished(3))).toEqual(["ann", "ben", "shop"]);
  });

  it.for<[string, Overrides, RegExp]>([
    [
      "empty recipients",
      { override_recipients_type: "user", override_recipients_user_expr: ".nobody" },
      /\[workflow: on-event\] recipients_override: jq-expression '\.nobody' evaluated to empty value.*\[string \/ list\(string\)\]/,
    ],
    [
      "an actor of the wrong type",
      { override_actor_user_expr: ".who" },
      /actor_override: jq-expression '\.who'.*\[string\]/,
    ],
    [
      "no tenant",
      { override_tenant_expr: ".tenant" },
      /tenant_override: jq-expression '\.tenant' evaluated to empty/,
    ],
    [
      "a tenant that does not exist",
      { override_tenant_expr: '"acme"' },
      /tenant doesn't exist with id: acme/,
    ],
    ["jq that does not parse", { override_tenant_expr: ".a[" }, /tenant_override: jq-expression/],
  ])("with %s start nothing and log the reason", async ([_name, overrides, why], { pipeline, workers }) => {
    const request = await send(pipeline, workers, overrides, { who: ["ann"] });
    const errors = await until(async () => {
      const { status, errors } = await pipeline.request(request);
      return status === "failure" ? errors : null;
    });
    expect(errors[0]?.error_description).toMatch(why);
    expect(await pipeline.runs()).toEqual([]);
  });
});

describe("a throttle", () => {
  it("lets exactly its count through, however many triggers race over two workers", async ({
    pipeline,
    workers,
    harness,
  }) => {
    const { db } = harness.services;
    const id = await pipeline.commit("limited", [sms("sms_1")]);
    await db.query(
      `update workflow_version set definition = (definition::jsonb || '{"ratelimit": {"count": 7, "sliding_window": "15m"}}')::json
        where workspace_id = $1 and id = $2`,
      [pipeline.workspace_id, id],
    );
    const ann = { distinct_id: "ann", $sms: "+14155550100" };
    const ben = { distinct_id: "ben", $sms: "+14155550101" };
    await workers.start();
    await workers.start();
    await Promise.all(
      Array.from({ length: 200 }, () => pipeline.trigger({ workflow: "limited", recipients: [ann, ben] })),
    );
    await until(async () => {
      const [row] = await db.query<{ count: number }>(
        `select count(*)::int as count from request where workspace_id = $1 and errors is not null`,
        [pipeline.workspace_id],
      );
      return row !== undefined && row.count >= 193;
    });
    const runs = await pipeline.finished(14);
    expect(named(runs)).toEqual([...Array(7).fill("ann"), ...Array(7).fill("ben")]);
    const [refused] = await db.query<{ errors: JsonObject[] }>(
      "select errors from request where workspace_id = $1 and errors is not null limit 1",
      [pipeline.workspace_id],
    );
    expect(refused?.errors[0]).toMatchObject({ error_code: "throttled", severity: "warning" });
  });

  it("does not count what its conditions refused", async ({ pipeline, workers, harness }) => {
    const { db } = harness.services;
    const id = await pipeline.commit("limited", [sms("sms_1")], { conditions: [is("go", "yes")] });
    await db.query(
      `update workflow_version set definition = (definition::jsonb || '{"ratelimit": {"count": 1, "sliding_window": "15m"}}')::json
        where workspace_id = $1 and id = $2`,
      [pipeline.workspace_id, id],
    );
    const ann = { distinct_id: "ann", $sms: "+14155550100" };
    await pipeline.trigger({ workflow: "limited", recipients: [ann], data: { go: "no" } });
    await pipeline.trigger({ workflow: "limited", recipients: [ann], data: { go: "yes" } });
    await workers.start();
    expect(await pipeline.finished(1)).toHaveLength(1);
  });
});
