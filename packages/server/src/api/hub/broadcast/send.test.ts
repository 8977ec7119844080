import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import type { Hub } from "../../../../test/hub.ts";
import { createHub } from "../../../../test/hub.ts";
import { until } from "../../../../test/harness.ts";

const BROADCAST = { list_id: "Beta", template: "news", notification_category: "system" };
const ACCEPTED = { status: 202, type: "text/plain; charset=utf-8", text: "OK" };
const send = (hub: Hub, body: unknown) => hub.call("POST", `/${hub.wsKey}/broadcast/`, body);

const runs = async (hub: Hub, query = "") =>
  (await hub.call("GET", `/v1/broadcast_run/${query}`)).json as {
    meta: { count: number; has_next: boolean; after: string | null };
    results: { execution_id: string; list_id: string; status: string; starts_at: string }[];
  };

describe("POST /{workspace_key}/broadcast/ 202", () => {
  it("keeps the request and its broadcast, in the lane of its category", async ({ hub }) => {
    const body = { ...BROADCAST, brand_id: "acme", $idempotency_key: " k ", data: { n: 1 } };
    expect(await send(hub, body)).toMatchObject(ACCEPTED);
    expect(await hub.requests()).toMatchObject([
      { lane: 0, api_type: "broadcast", name: "beta", tenant_id: "acme", idempotency_key: "k", body },
    ]);
    expect(await runs(hub)).toMatchObject({
      meta: { count: 1 },
      results: [
        {
          execution_id: expect.stringMatching(/^broadcast_[0-9A-Z]{26}$/),
          list_id: "beta",
          status: "scheduled",
          tenant_id: "acme",
          idempotency_key: "k",
          progress: { recipients: null, done: 0, triggered: 0, skipped: 0, failed: 0, percent: 0 },
        },
      ],
    });
  });

  it("takes the signature of the SDKs, and every field that they send", async ({ hub }) => {
    const body = {
      ...BROADCAST,
      $insert_id: "0d4d8d4c-3f3f-4f3f-9a3e-0d4d8d4c3f3f",
      $time: 1_725_814_228_000,
      channels: ["email", "messenger"],
      delay: "1d2h30m10s",
      trigger_at: null,
      tenant_id: null,
      data: {},
    };
    expect(await hub.callSigned("POST", `/${hub.wsKey}/broadcast/`, body)).toMatchObject(ACCEPTED);
    expect(await hub.call("POST", `/${hub.workspace.uid}/broadcast`, body)).toMatchObject(ACCEPTED);
    expect((await runs(hub)).meta.count).toBe(2);
  });

  it("takes a key once, whatever was triggered under it, and names the request that had it", async ({
    hub,
  }) => {
    const body = { ...BROADCAST, $idempotency_key: "k" };
    await hub.addWorkflow("welcome");
    await hub.call("POST", "/trigger/", { workflow: "welcome", recipients: ["ann"], $idempotency_key: "k" });
    for (const _time of [1, 2]) expect(await send(hub, body)).toMatchObject(ACCEPTED);
    expect((await runs(hub)).meta.count).toBe(1);
    const own = (await hub.requests()).filter(({ api_type }) => api_type === "broadcast");
    expect(own.map(({ status }) => status).toSorted()).toEqual(["accepted", "skipped"]);
  });
});

describe("POST /{workspace_key}/broadcast/ 400", () => {
  it.for([
    ["no JSON", "{", "BAD REQUEST"],
    ["an array", [BROADCAST], "Request body must only contain a single JSON object"],
    ["no list", { ...BROADCAST, list_id: " " }, '{"list_id":"is a required field"}'],
    [
      "a list's name",
      { ...BROADCAST, list_id: "all of us" },
      "list_id: 'all of us' must be made of a-z, 0-9, - and _",
    ],
    ["a long list", { ...BROADCAST, list_id: "x".repeat(65) }, "list_id: must be at most 64 characters"],
    ["no template", { ...BROADCAST, template: null }, '{"template":"is a required field"}'],
    ["a template's name", { ...BROADCAST, template: "Our news" }, "template: must be the slug of a template"],
    [
      "no category",
      { ...BROADCAST, notification_category: "" },
      '{"notification_category":"is a required field"}',
    ],
    [
      "a short category",
      { ...BROADCAST, notification_category: "x" },
      "notification_category: must be at least 2 characters",
    ],
    ["an unknown category", { ...BROADCAST, notification_category: "nope" }, "category 'nope' not found"],
    ["channels as a text", { ...BROADCAST, channels: "email" }, "channels: value must be of array type"],
    ["an unknown channel", { ...BROADCAST, channels: ["fax"] }, '{"channels":"must be one of ['],
    [
      "only a channel that is none",
      { ...BROADCAST, channels: ["messenger"] },
      '{"channels":"must be one of [',
    ],
    ["data as a list", { ...BROADCAST, data: [] }, "data: must be a JSON object"],
    [
      "a delay that is none",
      { ...BROADCAST, delay: "soon" },
      "delay: invalid duration-format soon. valid format [xx]d[xx]h[xx]m[xx]s",
    ],
    [
      "a time that is none",
      { ...BROADCAST, trigger_at: "tomorrow" },
      "trigger_at: must be an ISO-8601 instant",
    ],
    [
      "a long key",
      { ...BROADCAST, $idempotency_key: "k".repeat(256) },
      "$idempotency_key: must be at most 255 characters",
    ],
    [
      "the null character",
      { ...BROADCAST, data: { a: "\u0000" } },
      "data.a: must not contain the null character",
    ],
  ] as const)("for %s", async ([_title, body, text], { hub }) => {
    const answer = await send(hub, body);
    expect(answer).toMatchObject({ status: 400, type: "text/plain; charset=utf-8" });
    expect(answer.text).toContain(text);
    expect(await hub.requests()).toEqual([]);
  });

  it("notes the refusal in the request log", async ({ hub, management }) => {
    await send(hub, { ...BROADCAST, notification_category: "nope" });
    const [noted] = await until(async () => {
      const { body } = await management.call("GET", "log/request?api_name=broadcast");
      return body.results.length > 0 ? body.results : null;
    });
    expect(noted).toMatchObject({
      name: "Beta",
      status: "failure",
      errors: [{ error_description: "category 'nope' not found" }],
      response: { status_code: 400 },
    });
  });

  it("for a dry run, which there is none of", async ({ hub }) => {
    const answer = await hub.call("POST", `/${hub.wsKey}/broadcast/?dry_run=true`, BROADCAST);
    expect(answer.status).toBe(400);
    expect(await hub.requests()).toEqual([]);
  });
});

it("401: another workspace's key in the path", async ({ hub, harness }) => {
  const other = await createHub(harness);
  expect((await hub.call("POST", `/${other.wsKey}/broadcast/`, BROADCAST)).status).toBe(401);
});

it("413: more than 800 KB", async ({ hub }) => {
  const body = { ...BROADCAST, data: { text: "x".repeat(800 * 1024) } };
  expect((await send(hub, body)).status).toBe(413);
});

describe("GET /v1/broadcast_run/", () => {
  it("200: pages and filters, newest first", async ({ hub }) => {
    for (const list_id of ["a", "b", "c"])
      await send(hub, { ...BROADCAST, list_id, $idempotency_key: `key-${list_id}` });
    const first = await runs(hub, "?limit=2");
    expect(first.results.map(({ list_id }) => list_id)).toEqual(["c", "b"]);
    const next = await runs(hub, `?limit=2&after=${first.meta.after}`);
    expect(next.results.map(({ list_id }) => list_id)).toEqual(["a"]);
    const ids = async (query: string) => (await runs(hub, query)).results.map(({ list_id }) => list_id);
    expect(await ids("?list_id=B")).toEqual(["b"]);
    expect(await ids("?idempotency_key=key-c")).toEqual(["c"]);
    expect(await ids("?status=completed")).toEqual([]);
    expect(await ids("?status=scheduled&status=failed&since=2020-01-01&until=2999-01-01")).toEqual([
      "c",
      "b",
      "a",
    ]);
    expect((await hub.call("GET", "/v1/broadcast_run/?status=odd")).status).toBe(400);
  });

  it("200, 404: one by its id, in its own workspace alone", async ({ hub, harness, management }) => {
    await send(hub, BROADCAST);
    const [one] = (await runs(hub)).results;
    const path = `/v1/broadcast_run/${one?.execution_id}/`;
    expect((await hub.call("GET", path)).json).toEqual(one);
    expect((await management.call("GET", `log/broadcast/${one?.execution_id}`)).body).toEqual(one);
    expect((await management.call("GET", "log/broadcast?list_id=beta")).body.results).toEqual([one]);
    const other = await createHub(harness);
    expect((await other.call("GET", path)).json).toEqual({
      code: 404,
      message: `broadcast '${one?.execution_id}' not found`,
    });
    expect((await management.call("GET", "log/broadcast?lists=beta")).status).toBe(400);
  });
});

describe("POST /v1/broadcast_run/cancel/", () => {
  const cancel = (hub: Hub, body: unknown) => hub.call("POST", "/v1/broadcast_run/cancel/", body);

  it("200: only what all filters name, in this workspace, once", async ({ hub, harness }) => {
    await send(hub, { ...BROADCAST, $idempotency_key: "one" });
    await send(hub, { ...BROADCAST, $idempotency_key: "two" });
    const [two, one] = (await runs(hub)).results;
    const other = await createHub(harness);
    expect((await cancel(other, { list_id: "beta" })).json).toEqual({ execution_ids: [] });
    expect((await cancel(hub, { list_id: "beta", idempotency_key: "one" })).json).toEqual({
      execution_ids: [one?.execution_id],
    });
    expect((await cancel(hub, { list_id: "beta", execution_id: "" })).json).toEqual({
      execution_ids: [two?.execution_id],
    });
    expect((await cancel(hub, { list_id: "beta" })).json).toEqual({ execution_ids: [] });
  });

  it.for([
    [{}, "at least one filter is required: execution_id, list_id, idempotency_key"],
    [{ list_id: "" }, "at least one filter is required: execution_id, list_id, idempotency_key"],
    [
      { list_id: "beta", workflow_slug: "w" },
      "workflow_slug: is not a filter; there are execution_id, list_id, idempotency_key",
    ],
  ] as const)("400: %j", async ([body, message], { hub }) => {
    expect(await cancel(hub, body)).toMatchObject({ status: 400, json: { code: 400, message } });
  });
});
