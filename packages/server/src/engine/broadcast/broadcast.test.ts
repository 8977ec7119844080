import { describe, expect } from "vitest";
import { onOwnApi as it } from "../../../test/fixture.ts";
import { until } from "../../../test/harness.ts";
import type { Pipeline } from "../../../test/pipeline.ts";
import type { JsonObject } from "../../core/json.ts";

/* A template for everybody in a list: who gets it, that each gets it once, and what becomes of it meanwhile. */

it.beforeEach(async ({ pipeline }) => {
  await pipeline.addTemplate("news", ["inbox"]);
  await pipeline.addTemplate("loud", ["inbox", "sms"]);
});

const query = <Row extends object>(pipeline: Pipeline, text: string, ...values: unknown[]) =>
  pipeline.services.db.query<Row>(text, [pipeline.workspace_id, ...values]);

const names = (count: number, from = 0) =>
  Array.from({ length: count }, (_none, index) => `u${String(from + index).padStart(4, "0")}`);

/** Users with these names in a list. */
async function fill(pipeline: Pipeline, list_id: string, users: string[]): Promise<void> {
  await query(
    pipeline,
    `insert into recipient (workspace_id, id, distinct_id) select $1, 'r-' || name, name from unnest($2::text[]) name
     on conflict do nothing`,
    users,
  );
  await pipeline.call("POST", "/v1/subscriber_list/", { list_id });
  await move(pipeline, list_id, "add", users);
}

async function move(pipeline: Pipeline, list_id: string, way: "add" | "remove", distinct_ids: string[]) {
  const answer = await pipeline.call("POST", `/v1/subscriber_list/${list_id}/subscriber/${way}/`, {
    distinct_ids,
  });
  expect(answer.status, answer.text).toBe(201);
}

async function send(pipeline: Pipeline, more: JsonObject = {}): Promise<void> {
  const body = { list_id: "all", template: "news", notification_category: "promotional", ...more };
  const answer = await pipeline.call("POST", `/${pipeline.wsKey}/broadcast/`, body);
  expect(answer, answer.text).toMatchObject({ status: 202, text: "OK" });
}

interface View {
  execution_id: string;
  request_id: string;
  status: string;
  progress: Record<string, number | null>;
  reasons: Record<string, number>;
  errors: { error_code: string; error_description: string; recipient?: string }[];
}

async function broadcasts(pipeline: Pipeline): Promise<View[]> {
  return ((await pipeline.call("GET", "/v1/broadcast_run/?limit=100")).json as { results: View[] }).results;
}

const only = async (pipeline: Pipeline): Promise<View> => {
  const [one, another] = await broadcasts(pipeline);
  if (one === undefined || another !== undefined) throw new Error("there is not one broadcast");
  return one;
};

const ended = (pipeline: Pipeline) =>
  until(async () => {
    const one = await only(pipeline);
    return one.status !== "scheduled" && one.status !== "in_progress" ? one : null;
  });

/** Who got something, in the order of their names. */
const reached = async (pipeline: Pipeline) =>
  (await pipeline.messages()).map(({ distinct_id }) => distinct_id).toSorted();

/** No execution can be written for this user, as if the database were busy, or were broken. */
async function block(pipeline: Pipeline, distinct_id: string, code: "55P03" | "22023"): Promise<void> {
  await pipeline.services.db.query(
    `create or replace function test_block() returns trigger language plpgsql as $body$ begin
       if new.distinct_id = '${distinct_id}' then raise exception 'blocked' using errcode = '${code}'; end if;
       return new; end $body$;
     create or replace trigger test_block before insert on run for each row execute function test_block()`,
  );
}

const unblock = (pipeline: Pipeline) =>
  pipeline.services.db.query("drop trigger if exists test_block on run");

it.afterEach(async ({ pipeline }) => {
  await unblock(pipeline);
});

/** What was put back is tried again at once. */
const hurry = (pipeline: Pipeline) =>
  pipeline.services.db.query(
    "update pgboss.job set start_after = now() where name like 'broadcast-%' and state = 'retry'",
  );

/** Waits until a blocked broadcast stands where it cannot go on: one page is written. */
const stuck = (pipeline: Pipeline) =>
  until(async () => {
    const [row] = await query<{ done: number; held: boolean }>(
      pipeline,
      `select triggered as done, exists (select from pgboss.job where name like 'broadcast-%' and state = 'retry') as held
         from broadcast where workspace_id = $1`,
    );
    return row !== undefined && row.done === 100 && row.held;
  });

describe("a broadcast", () => {
  it("reaches everybody in the list once, page by page", async ({ pipeline, workers, management }) => {
    const users = names(250);
    await fill(pipeline, "all", users);
    await fill(pipeline, "others", names(3, 900));
    await workers.start();
    await workers.start();
    await send(pipeline, { data: { n: 1 }, $idempotency_key: "k" });
    await send(pipeline, { data: { n: 1 }, $idempotency_key: "k" });
    const { execution_id, ...done } = await ended(pipeline);
    expect(done).toMatchObject({
      status: "completed",
      list_id: "all",
      template: "news",
      progress: { recipients: 250, done: 250, triggered: 250, skipped: 0, failed: 0, percent: 100 },
      reasons: {},
      errors: [],
    });
    expect(await reached(pipeline)).toEqual(users);
    const runs = await query<object>(
      pipeline,
      `select parent_run_id, status, lane, workflow_slug, count(*)::int from run where workspace_id = $1 group by 1, 2, 3, 4`,
    );
    expect(runs).toEqual([
      {
        parent_run_id: execution_id,
        status: "completed",
        lane: 2,
        workflow_slug: "broadcast.news",
        count: 250,
      },
    ]);
    const page = (await pipeline.call("GET", `/v1/message/?execution_id=${execution_id}&is_campaign=true`))
      .json as { meta: { count: number }; results: object[] };
    expect(page.meta.count).toBe(250);
    expect(page.results[0]).toMatchObject({ execution_id, is_campaign: true, idempotency_key: "k" });
    const log = (await management.call("GET", `log/execution?broadcast=${execution_id}&limit=1`)).body;
    expect(log.meta.count).toBe(250);
    expect(log.results[0]).toMatchObject({
      broadcast_execution_id: execution_id,
      parent_object_execution_id: null,
      category: "promotional",
    });
    const left = await query<object>(pipeline, "select from list_snapshot where workspace_id = $1");
    expect(left).toEqual([]);
  });

  it("counts who is not reached, by the reason", async ({ pipeline, workers, desk }) => {
    await desk.publish({ category: "digest", name: "Digest", default_preference: "opt_in" });
    await fill(pipeline, "all", names(4));
    await pipeline.call("POST", "/v1/user/u0002/", { $sms: "+14155550100" });
    await pipeline.call("PATCH", "/v1/user/u0003/preference/category/digest/", { preference: "opt_out" });
    await workers.start();
    await send(pipeline, { template: "loud", channels: ["sms"], notification_category: "digest" });
    expect(await ended(pipeline)).toMatchObject({
      status: "completed",
      progress: { recipients: 4, triggered: 1, skipped: 3, failed: 0 },
      reasons: { no_active_channels: 3 },
    });
    expect(await reached(pipeline)).toEqual(["u0002"]);
  });

  it("is sent to all users, in a tenant, with what the tenant blocks left out", async ({
    pipeline,
    workers,
  }) => {
    await fill(pipeline, "some", names(3));
    await pipeline.services.db.query(
      `update workspace set config = config || '{"user_tenancy_mode": "shared"}' where workspace_id = $1`,
      [pipeline.workspace_id],
    );
    await pipeline.call("POST", "/v1/tenant/acme/", { tenant_name: "Acme", blocked_channels: ["inbox"] });
    await workers.start();
    await send(pipeline, { list_id: "all_users", tenant_id: "acme" });
    expect(await ended(pipeline)).toMatchObject({
      status: "completed",
      progress: { recipients: 3, triggered: 0, skipped: 3 },
      reasons: { no_active_channels: 3 },
    });
  });

  it.for<[string, JsonObject, string, string]>([
    ["no list", { list_id: "none" }, "list_not_found", "list_id: none not found"],
    ["an empty list", { list_id: "empty" }, "list_empty", "subscribers list is empty for list_id:empty"],
    ["no template", { template: "none" }, "template_not_found", "TemplateGroup none not found"],
    [
      "channels that the template has not",
      { channels: ["sms", "email"] },
      "template_not_found",
      "template: broadcast channels: [sms, email] are not live",
    ],
    ["no tenant", { tenant_id: "none" }, "tenant_not_found", "tenant 'none' not found"],
  ])(
    "fails as a whole for %s, says so, and can be put back",
    async ([_title, more, error_code, text], { pipeline, workers, management }) => {
      await fill(pipeline, "all", names(2));
      await fill(pipeline, "empty", []);
      await workers.start();
      await send(pipeline, more);
      const failed = await ended(pipeline);
      const error_description = `SubscriberList Broadcast API: ${text}`;
      expect(failed).toMatchObject({ status: "failed", errors: [{ error_code, error_description }] });
      const { body } = await management.call("GET", "log/request?api_name=broadcast");
      expect(body.results).toMatchObject([
        {
          request_id: failed.request_id,
          api_type: "broadcast_trigger",
          status: "failure",
          errors: [{ error_code }],
        },
      ]);
      const put = await management.call("POST", "redrive", { requests: [failed.request_id] });
      expect(put.status).toBe(200);
      expect(await ended(pipeline)).toMatchObject({ status: "failed", errors: [{ error_code }] });
    },
  );
});

describe("while a broadcast is under way", () => {
  it("who leaves the list is still reached, who enters it is not", async ({ pipeline, workers }) => {
    const users = names(150);
    await fill(pipeline, "all", users);
    await block(pipeline, "u0120", "55P03");
    await workers.start();
    await send(pipeline);
    await stuck(pipeline);
    await move(pipeline, "all", "remove", ["u0001", "u0110", "u0111"]);
    await fill(pipeline, "all", names(3, 500));
    await move(pipeline, "all", "add", ["u0001", "u0111"]);
    await pipeline.call("DELETE", "/v1/user/u0130/");
    await pipeline.call("POST", "/v1/user/new/", {});
    await pipeline.call("POST", "/v1/user/new/merge/", { from_user_id: "u0140" });
    await unblock(pipeline);
    await hurry(pipeline);
    expect(await ended(pipeline)).toMatchObject({
      status: "completed",
      progress: { recipients: 150, triggered: 149, percent: 100 },
    });
    const expected = users.filter((name) => name !== "u0130" && name !== "u0140");
    expect(await reached(pipeline)).toEqual(["new", ...expected].toSorted());
  });

  it("a draft may take the list's place, and the list is not deleted", async ({
    pipeline,
    workers,
    harness,
  }) => {
    const users = names(150);
    await fill(pipeline, "all", users);
    await block(pipeline, "u0120", "55P03");
    await workers.start();
    await send(pipeline);
    await stuck(pipeline);
    const draft = (await pipeline.call("POST", "/v1/subscriber_list/all/start_sync/", {})).json as {
      version_id: string;
    };
    const path = `/v1/subscriber_list/all/version/${draft.version_id}/`;
    await fill(pipeline, "seed", ["v1"]);
    await pipeline.call("POST", `${path}subscriber/add/`, { distinct_ids: ["v1", "u0001"] });
    expect((await pipeline.call("PATCH", `${path}finish_sync/`, {})).status).toBe(201);
    const { removeRetiredLists } = await import("../../maintenance/remove-retired-lists.ts");
    const { db, log, config } = harness.services;
    await removeRetiredLists.run({ db, log, config });
    const { execution_id } = await only(pipeline);
    expect((await pipeline.call("DELETE", "/v1/subscriber_list/all/")).json).toMatchObject({
      code: 400,
      message: `list_id: all is used by broadcasts that are scheduled or under way: ${execution_id}`,
    });
    await unblock(pipeline);
    await hurry(pipeline);
    expect((await ended(pipeline)).status).toBe("completed");
    expect(await reached(pipeline)).toEqual(users);
    expect((await pipeline.call("DELETE", "/v1/subscriber_list/all/")).status).toBe(200);
  });

  it("a cancel stops it at the next page, and what was sent stays", async ({
    pipeline,
    workers,
    management,
  }) => {
    await fill(pipeline, "all", names(150));
    await block(pipeline, "u0120", "55P03");
    await workers.start();
    await send(pipeline, { $idempotency_key: "k" });
    await stuck(pipeline);
    const { execution_id } = await only(pipeline);
    const asked = (await management.call("GET", "explain?distinct_id=u0120")).body as unknown as {
      verdict: string;
      summary: string;
    };
    expect(asked).toMatchObject({ verdict: "in_progress", summary: expect.stringContaining("100 of 150") });
    const cancel = (body: JsonObject) => pipeline.call("POST", "/v1/broadcast_run/cancel/", body);
    expect((await cancel({ list_id: "other", idempotency_key: "k" })).json).toEqual({ execution_ids: [] });
    const workflowCancel = await pipeline.call("POST", "/v1/workflow_run/cancel/", { idempotency_key: "k" });
    expect(workflowCancel.json).toEqual({ execution_ids: [] });
    expect((await cancel({ list_id: "ALL", idempotency_key: "k" })).json).toEqual({
      execution_ids: [execution_id],
    });
    expect((await cancel({ execution_id })).json).toEqual({ execution_ids: [] });
    await unblock(pipeline);
    await hurry(pipeline);
    await until(async () => {
      const [row] = await query<{ busy: boolean }>(
        pipeline,
        "select $1::int is not null and exists (select from pgboss.job where state <= 'active') as busy",
      );
      return row?.busy === false;
    });
    expect(await only(pipeline)).toMatchObject({ status: "cancelled", progress: { done: 100, percent: 66 } });
    expect(await pipeline.messages()).toHaveLength(100);
    expect((await management.call("GET", "explain?idempotency_key=k")).body).toMatchObject({
      summary: expect.stringContaining("1 cancelled"),
    });
  });

  it("a recipient who cannot be written is given up alone", async ({ pipeline, workers }) => {
    const users = names(130);
    await fill(pipeline, "all", users);
    await block(pipeline, "u0112", "22023");
    await workers.start();
    await send(pipeline);
    const done = await until(async () => {
      await hurry(pipeline);
      const one = await only(pipeline);
      return one.status === "in_progress" || one.status === "scheduled" ? null : one;
    }, 60);
    expect(done).toMatchObject({
      status: "partial_failure",
      progress: { recipients: 130, triggered: 129, failed: 1 },
      reasons: { internal: 1 },
      errors: [{ error_code: "internal", recipient: "u0112" }],
    });
    expect(await reached(pipeline)).toEqual(users.filter((name) => name !== "u0112"));
  });

  it("another worker goes on where one was stopped", async ({ pipeline, workers }) => {
    const users = names(600);
    await fill(pipeline, "all", users);
    await send(pipeline);
    for (let done = 0; done < users.length;) {
      const before = done;
      await workers.start();
      await until(async () => (done = (await only(pipeline)).progress.done ?? 0) > before);
      await workers.stop();
      done = (await only(pipeline)).progress.done ?? 0;
    }
    await workers.start();
    expect(await ended(pipeline)).toMatchObject({ status: "completed", progress: { triggered: 600 } });
    expect(await reached(pipeline)).toEqual(users);
  });
});

describe("a broadcast that starts later", () => {
  const clock = (pipeline: Pipeline, text: string, at: Date) =>
    query(pipeline, `update workspace set ${text} where workspace_id = $1`, at);

  it.for<[string, (now: Date) => JsonObject]>([
    ["after its delay", () => ({ delay: "1h" })],
    ["after seconds", () => ({ delay: 3600 })],
    [
      "at its time, whatever its delay",
      (now) => ({ trigger_at: new Date(now.getTime() + 3_600_000).toISOString(), delay: "5d" }),
    ],
  ])("is sent %s, to who is in the list then", async ([_title, when], { pipeline, workers }) => {
    const now = new Date("2031-05-05T08:00:00Z");
    await clock(pipeline, "clock_frozen_at = $2", now);
    await fill(pipeline, "all", names(2));
    const worker = await workers.start();
    await send(pipeline, when(now));
    await worker.wake();
    expect(await only(pipeline)).toMatchObject({
      status: "scheduled",
      starts_at: "2031-05-05T09:00:00.000000Z",
      progress: { recipients: null, percent: 0 },
    });
    await fill(pipeline, "all", names(2, 10));
    await move(pipeline, "all", "remove", ["u0000"]);
    await clock(pipeline, "clock_target = $2, clock_runs_on = false", new Date("2031-05-05T09:30:00Z"));
    expect((await ended(pipeline)).status).toBe("completed");
    expect(await reached(pipeline)).toEqual(["u0001", "u0010", "u0011"]);
  });

  it("can be cancelled before", async ({ pipeline, workers }) => {
    await fill(pipeline, "all", names(2));
    await workers.start();
    await send(pipeline, { delay: "1d" });
    const { execution_id, request_id } = await only(pipeline);
    const answer = await pipeline.call("POST", "/v1/broadcast_run/cancel/", { list_id: "all" });
    expect(answer.json).toEqual({ execution_ids: [execution_id] });
    expect(await only(pipeline)).toMatchObject({ status: "cancelled", progress: { done: 0 } });
    expect((await pipeline.request(request_id)).status).toBe("cancelled");
  });
});
