import { describe, expect } from "vitest";
import { onOwnApi as it } from "../../../test/fixture.ts";
import { until } from "../../../test/harness.ts";
import { createHub } from "../../../test/hub.ts";
import type { Pipeline } from "../../../test/pipeline.ts";
import type { JsonObject } from "../../core/json.ts";

/* Lists whose members a query finds. What a query may be: segments/check-query. */

const LISTS = "/v1/subscriber_list/";
const PLUS = "select distinct_id from users where user_properties ->> 'plan' = 'plus'";

const save = (pipeline: Pipeline, more: JsonObject = {}) =>
  pipeline.call("POST", LISTS, { list_id: "plus", list_type: "dynamic_list", query: PLUS, ...more });

const setPlan = (pipeline: Pipeline, user: string, plan: string) =>
  pipeline.call("POST", `/v1/user/${user}/`, { plan });

async function members(pipeline: Pipeline): Promise<string[]> {
  const { json } = await pipeline.call("GET", `${LISTS}plus/subscriber/?limit=1000`);
  return (json as { results: { distinct_id: string }[] }).results
    .map(({ distinct_id }) => distinct_id)
    .toSorted();
}

interface View {
  subscribers_count: number;
  sync_task: { error: string | null; refreshed_at: string | null; active_version: object };
}

const list = async (pipeline: Pipeline) => (await pipeline.call("GET", `${LISTS}plus/`)).json as View;

/** As if a quarter of an hour had passed. */
async function pass(pipeline: Pipeline): Promise<void> {
  await until(() => isRefreshed(pipeline));
  await pipeline.services.db.query(
    "update list_query set refresh_at = now() - interval '1 second', refreshed_at = null, error = null where workspace_id = $1",
    [pipeline.workspace_id],
  );
}

async function isRefreshed(pipeline: Pipeline): Promise<boolean> {
  const { sync_task } = await list(pipeline);
  return sync_task.refreshed_at !== null || sync_task.error !== null;
}

const events = async (pipeline: Pipeline) =>
  (await pipeline.requests()).map(
    ({ name, body }) => `${name} ${(body as { distinct_id: string }).distinct_id}`,
  );

describe("a list with a query", () => {
  it("has the members that it finds, at once and later, and causes events for who comes and goes", async ({
    pipeline,
    workers,
  }) => {
    for (const user of ["ann", "bob", "cyd"]) await setPlan(pipeline, user, user === "cyd" ? "free" : "plus");
    const saved = await save(pipeline, { track_user_entry: true, track_user_exit: true });
    expect(saved).toMatchObject({
      status: 201,
      json: {
        list_type: "dynamic_list",
        is_enabled: true,
        query: PLUS,
        sync_task: {
          is_enabled: true,
          refresh_interval: "15m",
          error: null,
          active_version: { version_no: 1 },
        },
      },
    });
    const worker = await workers.start();
    await until(() => isRefreshed(pipeline));
    expect(await members(pipeline)).toEqual(["ann", "bob"]);
    expect((await list(pipeline)).subscribers_count).toBe(2);
    expect((await events(pipeline)).toSorted()).toEqual([
      "$USER_ENTERED_LIST - plus ann",
      "$USER_ENTERED_LIST - plus bob",
    ]);
    const [first] = await pipeline.services.db.query<{ id: string }>(
      "select m.id from list_member m join recipient r on r.id = m.recipient_id where r.workspace_id = $1 and distinct_id = 'ann'",
      [pipeline.workspace_id],
    );
    await setPlan(pipeline, "bob", "free");
    await setPlan(pipeline, "cyd", "plus");
    await pass(pipeline);
    await worker.wake();
    await until(() => isRefreshed(pipeline));
    expect(await members(pipeline)).toEqual(["ann", "cyd"]);
    expect((await events(pipeline)).slice(2).toSorted()).toEqual([
      "$USER_ENTERED_LIST - plus cyd",
      "$USER_EXITED_LIST - plus bob",
    ]);
    const [again] = await pipeline.services.db.query<{ id: string }>(
      "select m.id from list_member m join recipient r on r.id = m.recipient_id where r.workspace_id = $1 and distinct_id = 'ann'",
      [pipeline.workspace_id],
    );
    expect(again).toEqual(first);
  });

  it("is not changed by hand, and keeps its members while it is disabled", async ({ pipeline, workers }) => {
    await setPlan(pipeline, "ann", "plus");
    await save(pipeline);
    const worker = await workers.start();
    await until(() => isRefreshed(pipeline));
    const add = await pipeline.call("POST", `${LISTS}plus/subscriber/add/`, { distinct_ids: ["ann"] });
    expect(add.status).toBe(400);
    expect((await pipeline.call("POST", `${LISTS}plus/start_sync/`, {})).status).toBe(400);
    await setPlan(pipeline, "bob", "plus");
    expect((await save(pipeline, { is_enabled: false })).json).toMatchObject({ is_enabled: false });
    await worker.wake();
    await until(async () => {
      const [row] = await pipeline.services.db.query<{ busy: boolean }>(
        "select exists (select from pgboss.job where state <= 'active') as busy",
      );
      return row?.busy === false;
    });
    expect(await members(pipeline)).toEqual(["ann"]);
    await pipeline.call("POST", LISTS, { list_id: "plus", is_enabled: true });
    await until(async () => (await members(pipeline)).length === 2);
    const changed = "select distinct_id from users where user_properties ->> 'plan' = 'free'";
    const answer = await pipeline.call("POST", LISTS, { list_id: "plus", query: changed });
    expect(answer.json).toMatchObject({ query: changed, sync_task: { active_version: { version_no: 2 } } });
    await until(async () => (await members(pipeline)).length === 0);
    expect((await pipeline.call("DELETE", `${LISTS}plus/`)).status).toBe(200);
  });

  it("keeps its members when its query fails, and says why", async ({ pipeline, workers }) => {
    await setPlan(pipeline, "ann", "7");
    await save(pipeline, {
      query: "select distinct_id from users where (user_properties ->> 'plan')::int > 3",
    });
    const worker = await workers.start();
    await until(() => isRefreshed(pipeline));
    await setPlan(pipeline, "bob", "many");
    await pass(pipeline);
    await worker.wake();
    await until(() => isRefreshed(pipeline));
    expect((await list(pipeline)).sync_task).toMatchObject({
      error: 'invalid input syntax for type integer: "many"',
    });
    expect(await members(pipeline)).toEqual(["ann"]);
  });

  it("is refreshed right before a broadcast, which fails if it cannot be", async ({ pipeline, workers }) => {
    await pipeline.addTemplate("news", ["inbox"]);
    await setPlan(pipeline, "ann", "7");
    await save(pipeline, {
      query: "select distinct_id from users where (user_properties ->> 'plan')::int > 3",
    });
    await workers.start();
    await until(() => isRefreshed(pipeline));
    await setPlan(pipeline, "bob", "8");
    const send = (key: string) =>
      pipeline.call("POST", `/${pipeline.wsKey}/broadcast/`, {
        list_id: "plus",
        template: "news",
        notification_category: "transactional",
        $idempotency_key: key,
      });
    const ended = (key: string) =>
      until(async () => {
        const { json } = await pipeline.call("GET", `/v1/broadcast_run/?idempotency_key=${key}`);
        const [one] = (json as { results: { status: string }[] }).results;
        return one?.status === "completed" || one?.status === "failed" ? one : null;
      });
    await send("one");
    expect(await ended("one")).toMatchObject({
      status: "completed",
      progress: { recipients: 2, triggered: 2 },
    });
    await setPlan(pipeline, "cyd", "many");
    await send("two");
    expect(await ended("two")).toMatchObject({
      status: "failed",
      errors: [
        {
          error_code: "list_not_refreshed",
          error_description:
            'SubscriberList Broadcast API: list_id: plus: its query failed: invalid input syntax for type integer: "many"',
        },
      ],
    });
  });

  it("agrees with its query at the end, however often it is refreshed meanwhile, in pages", async ({
    pipeline,
    workers,
  }) => {
    const { db } = pipeline.services;
    await db.query(
      `insert into recipient (workspace_id, id, distinct_id, properties)
       select $1, 'r-' || n, 'u-' || n, jsonb_build_object('n', n) from generate_series(1, 3500) n`,
      [pipeline.workspace_id],
    );
    const query = (low: number) =>
      `select distinct_id from users where (user_properties ->> 'n')::int > ${low}`;
    await save(pipeline, { query: query(0) });
    await workers.start();
    await workers.start();
    for (const low of [3000, 100, 2000, 700]) await save(pipeline, { query: query(low) });
    await until(async () => {
      const [row] = await db.query<{ busy: boolean }>(
        "select exists (select from pgboss.job where state <= 'active') as busy",
      );
      return row?.busy === false;
    }, 60);
    expect((await list(pipeline)).subscribers_count).toBe(2800);
    expect((await members(pipeline)).length).toBe(1000);
  });
});

describe("POST /v1/subscriber_list/ 400", () => {
  it.for([
    ["no query", { query: null }, { query: ["This field is required."] }],
    ["another type", { list_type: "sync_list" }, { list_type: ["Must be static_list or dynamic_list."] }],
    ["what is no query", { query: "select" }, { query: "Schema error: must select distinct_id" }],
    [
      "an unknown field",
      { query: "select distinct_id from users where age > 3" },
      {
        query: expect.stringMatching(
          /^Schema error: No field named age\. Valid fields are users\.distinct_id, /,
        ),
      },
    ],
    [
      "types that do not fit",
      { query: "select distinct_id from users where created_at > 3" },
      { query: expect.stringContaining("operator does not exist") },
    ],
    [
      "a query of a static list",
      { list_type: "static_list" },
      { query: ["Only a list of the type dynamic_list has a query."] },
    ],
  ] as const)("%s", async ([_title, more, detail], { pipeline }) => {
    const answer = await save(pipeline, more);
    expect(answer).toMatchObject({ status: 400, json: { code: 400, error_code: "error", detail } });
    expect((await pipeline.call("GET", `${LISTS}plus/`)).status).toBe(404);
  });

  it("another type than the list has", async ({ pipeline }) => {
    await pipeline.call("POST", LISTS, { list_id: "plus" });
    expect(await save(pipeline)).toMatchObject({
      status: 400,
      json: { detail: { list_type: ["Must be static_list: the type of a list stays."] } },
    });
    expect(await save(pipeline, { list_type: null, query: PLUS })).toMatchObject({ status: 400 });
  });
});

describe("dry runs", () => {
  it("200: rows and counts of users and events, of this workspace alone", async ({ pipeline, harness }) => {
    const other = await createHub(harness);
    await other.call("POST", "/v1/user/stranger/", { plan: "plus" });
    await other.call("POST", "/v2/event/", { event: "Paid", distinct_id: "stranger", properties: {} });
    await pipeline.call("POST", "/v1/user/ann/", {
      plan: "plus",
      $email: ["ann@example.com"],
      $sms: ["+14155550100"],
      $locale: "en_GB",
      $timezone: "Europe/London",
    });
    await setPlan(pipeline, "bob", "plus");
    for (const amount of [1, 20])
      await pipeline.call("POST", "/v2/event/", {
        event: "Paid",
        distinct_id: "ann",
        properties: { amount },
      });
    const rows = async (query_text: string) =>
      ((await pipeline.call("POST", `${LISTS}~/dry_run/`, { query_text })).json as { data: object[] }).data;
    expect(
      await rows(`select distinct_id, locale, timezone, language, active_emails, active_phone_numbers, active_channels,
                         user_properties ->> 'plan' as plan from users order by 1`),
    ).toEqual([
      {
        distinct_id: "ann",
        locale: "en_GB",
        timezone: "Europe/London",
        language: null,
        active_emails: ["ann@example.com"],
        active_phone_numbers: ["+14155550100"],
        active_channels: ["email", "sms"],
        plan: "plus",
      },
      expect.objectContaining({ distinct_id: "bob", active_channels: [] }),
    ]);
    const recent = "requested_at > now() - interval '1 day'";
    expect(
      await rows(
        `select distinct_id, event_name, status, tenant_id, properties from events where ${recent} order by requested_at`,
      ),
    ).toEqual([
      {
        distinct_id: "ann",
        event_name: "PAID",
        status: "success",
        tenant_id: "default",
        properties: { amount: 1 },
      },
      expect.objectContaining({ properties: { amount: 20 } }),
    ]);
    const count = async (query: string) =>
      (await pipeline.call("POST", `${LISTS}~/dry_run/count/`, { query })).json;
    expect(await count(PLUS)).toEqual({ count: 2 });
    expect(await count(`select distinct_id from events where ${recent}`)).toEqual({ count: 1 });
    expect(await count("select 'stranger' as distinct_id")).toEqual({ count: 0 });
  });

  it.for([
    [{}, { query_text: ["This field is required."] }],
    [{ query_text: "select * from users" }, { query_text: expect.stringContaining("SELECT *") }],
    [
      { query_text: "select distinct_id from ws_key" },
      { query_text: expect.stringContaining("No table named ws_key") },
    ],
    [{ query_text: "select 1 / 0 as distinct_id" }, { query_text: "division by zero" }],
  ] as const)("400: %j", async ([body, detail], { pipeline }) => {
    for (const path of ["dry_run/", "dry_run/count/"])
      expect(await pipeline.call("POST", `${LISTS}~/${path}`, body)).toMatchObject({
        status: 400,
        json: { detail },
      });
  });
});
