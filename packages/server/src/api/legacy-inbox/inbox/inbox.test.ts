import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import { createHub, type Hub } from "../../../../test/hub.ts";
import { type SeededItem, seedItems } from "../../../../test/inbox/seed-items.ts";
import { inboxSubscriberId } from "../../../workspaces/workspaces.ts";

interface Item {
  n_id: string;
  created_on: number;
  seen_on: number | null;
  archived: boolean;
}

/** The inbox of ann, as the SDKs before 2.0 use it. */
async function legacyInbox(hub: Hub, tenant_id = "default") {
  const { db } = hub.services;
  await hub.call("POST", "/v1/user/ann/", {});
  const [user] = await db.query<{ id: string }>("select id from recipient where workspace_id = $1", [
    hub.workspace_id,
  ]);
  const key = { workspace_id: hub.workspace_id, recipient_id: user?.id ?? "", tenant_id };
  const subscriber_id = inboxSubscriberId(hub.workspace, { object_type: "", distinct_id: "ann" });
  const proof = `subscriber_id=${subscriber_id}&distinct_id=ann&tenant_id=${tenant_id}`;
  const authorization = `${hub.wsKey}:9b2c1f64-5a70-4b51-9be0-9c1a6c1c7b3e`;
  const get = (path: string, headers: Record<string, string> = {}) =>
    hub.call("GET", `${path}${path.includes("?") ? "&" : "?"}${proof}`, undefined, {
      authorization,
      ...headers,
    });
  const post = (path: string, body: object) =>
    hub.call(
      "POST",
      path,
      { distinct_id: "ann", subscriber_id, ...body },
      { authorization: `${hub.wsKey}:` },
    );
  return {
    key,
    get,
    post,
    subscriber_id,
    add: (items: readonly SeededItem[]) => seedItems(db, key, items),
    item: async (id: string) => ((await get(`/notification/${id}/`)).json as { data: Item }).data,
    list: async (query = "") =>
      (await get(`/notifications/?${query}`)).json as { results: Item[]; meta: object },
  };
}

describe("GET /notifications/", () => {
  it("200: js-inbox 2.3 reads pages by number, with a store", async ({ hub }) => {
    const { add, list, item, post } = await legacyInbox(hub);
    const [a = "", b = "", c = ""] = await add([{}, { message: { tags: ["x"], is_pinned: true } }, {}]);
    const before = (await item(c)).created_on;
    await add([{}]);
    const first = await list(`page_no=1&page_size=2&before=${before}`);
    expect(first.results.map(({ n_id }) => n_id)).toEqual([b, c]);
    expect(first.meta).toEqual({ current_page: 1, total_pages: 2 });
    const second = await list(`page_no=2&page_size=2&before=${before}`);
    expect(second.results.map(({ n_id }) => n_id)).toEqual([a]);
    const store = encodeURIComponent('{"store_id":"x","query":{"tags":{"or":["x"]}}}');
    expect((await list(`store=${store}`)).results.map(({ n_id }) => n_id)).toEqual([b]);
    expect((await post("/mark-all-read/", { time: before })).json).toEqual({ status: "success" });
    expect((await list()).results.every(({ seen_on }) => seen_on !== null)).toBe(true);
  });

  it("200: what was only seen has not been read, which is what `seen_on` means here", async ({ hub }) => {
    const { add, item, key, post } = await legacyInbox(hub);
    const [id = ""] = await add([{}]);
    await hub.services.db.query("update inbox_item set seen_at = now() where recipient_id = $1", [
      key.recipient_id,
    ]);
    const seen = await item(id);
    expect(seen.seen_on).toBeNull();
    expect(Object.keys(seen)).not.toContain("read_on");
    expect(Object.keys(seen)).not.toContain("seq");
    await post(`/notification/${id}/action`, { action: "read" });
    expect((await item(id)).seen_on).not.toBeNull();
  });
});

describe("GET /notification_count/", () => {
  it("200: the count of the bell is ss_bell_count, and is cleared by a click", async ({ hub }) => {
    const { add, get, post } = await legacyInbox(hub);
    await add([{}, { message: { tags: ["x"] } }]);
    const stores = encodeURIComponent(
      '[{"store_id":"all","query":{}},{"store_id":"x","query":{"tags":{"or":["x"]}}}]',
    );
    const counts = async () => (await get(`/notification_count/?stores=${stores}`)).json;
    expect(await counts()).toEqual({ ss_bell_count: 2, all: 2, x: 1 });
    expect(await post("/bell-clicked/", { time: 1, tenant_id: "undefined" })).toMatchObject({ status: 200 });
    expect(await counts()).toEqual({ ss_bell_count: 0, all: 2, x: 1 });
    await post("/mark-all-read/", { time: 1 });
    expect(await counts()).toEqual({ ss_bell_count: 0, all: 0, x: 0 });
  });
});

describe("POST /notification/{n_id}/action", () => {
  it("200: read, unread and archive, in whichever tenant the item is", async ({ hub }) => {
    const { add, item, post } = await legacyInbox(hub, "acme");
    const [id = ""] = await add([{}]);
    await post(`/notification/${id}/action`, { action: "read" });
    expect((await item(id)).seen_on).not.toBeNull();
    await post(`/notification/${id}/action`, { action: "unread" });
    expect((await item(id)).seen_on).toBeNull();
    await post(`/notification/${id}/action`, { action: "archive" });
    expect(await item(id)).toMatchObject({ archived: true });
  });

  it("200: legacy Android reports a click here in the shape of an event, and nobody knows an id for sure", async ({
    hub,
  }) => {
    const event = { event: "$notification_clicked", properties: { id: "unknown" }, env: hub.wsKey };
    const answer = await hub.call("POST", "/notification/unknown/action", event, {
      authorization: `${hub.wsKey}:`,
    });
    expect(answer).toMatchObject({ status: 200, json: { status: "success" } });
  });

  it("400: an action that is none", async ({ hub }) => {
    const { add, post } = await legacyInbox(hub);
    const [id = ""] = await add([{}]);
    const answer = await post(`/notification/${id}/action`, { action: "explode" });
    expect(answer).toMatchObject({ status: 400 });
    expect(answer.text).toContain("must be one of ['read' 'unread' 'archive']");
  });

  it("401, 404: without proof, with another's, and for an item of another", async ({ hub, harness }) => {
    const { add, post, get, item, subscriber_id } = await legacyInbox(hub);
    const [id = ""] = await add([{}]);
    const path = `/notification/${id}/action`;
    const other = await createHub(harness);
    for (const body of [{ subscriber_id: "wrong" }, { subscriber_id: null }, { distinct_id: "bob" }]) {
      expect(await post(path, { action: "read", ...body })).toMatchObject({ status: 401 });
    }
    const foreign = { authorization: `${other.wsKey}:` };
    expect(
      await hub.call("POST", path, { action: "read", distinct_id: "ann", subscriber_id }, foreign),
    ).toMatchObject({
      status: 401,
    });
    expect(await hub.call("GET", `/notifications/?distinct_id=ann`, undefined, foreign)).toMatchObject({
      status: 401,
    });
    expect((await item(id)).seen_on).toBeNull();
    expect(await post("/notification/gone/action", { action: "read" })).toMatchObject({ status: 404 });
    expect(await get("/notification/gone/")).toMatchObject({ status: 404 });
  });
});

describe("polls", () => {
  it("200: react-inbox 1.3 gets what came after a time, the newest first", async ({ hub }) => {
    const { add, get, item } = await legacyInbox(hub);
    const [a = "", b = "", c = ""] = await add([{}, { message: { is_pinned: true } }, {}]);
    const { created_on } = await item(a);
    const poll = async (after: number) =>
      (await get(`/fetch/?after=${after}`)).json as { results: Item[]; unread: number };
    expect((await poll(0)).results.map(({ n_id }) => n_id)).toEqual([c, b, a]);
    const later = await poll(created_on);
    expect(later.results.map(({ n_id }) => n_id)).toEqual([c, b]);
    expect(later.unread).toBe(3);
  });

  it("200: react-headless 1.2 has the times in headers", async ({ hub }) => {
    const { add, get, item } = await legacyInbox(hub);
    const [a = "", b = ""] = await add([{}, {}, {}]);
    const times = { after: (await item(a)).created_on, before: (await item(b)).created_on };
    const answer = await get("/fetch-notifications/", {
      "ss-after": String(times.after),
      "ss-before": String(times.before),
    });
    expect((answer.json as { results: Item[] }).results.map(({ n_id }) => n_id)).toEqual([b]);
    const open = await get("/fetch-notifications/", { "ss-after": String(times.after), "ss-before": "0" });
    expect(open.json).toMatchObject({ unread: 3, results: [{}, {}] });
    expect((await get("/fetch-notifications/", { "ss-after": "soon" })).json).toMatchObject({
      results: [{}, {}, {}],
    });
  });
});
