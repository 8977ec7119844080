import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import {
  type CallOptions,
  type Client,
  type ClientMethod,
  createClient,
} from "../../../../test/client/client.ts";
import { type SeededItem, seedItems } from "../../../../test/inbox/seed-items.ts";
import { createHub, type Hub } from "../../../../test/hub.ts";

interface WireItem {
  n_id: string;
  created_on: number;
  is_pinned: boolean;
  archived: boolean;
  read_on: number | null;
  seen_on: number | null;
  interacted_on: number | null;
  snoozed_until: number | null;
  seq: number;
}

interface Page {
  results: WireItem[];
  meta: Record<string, unknown>;
}

/** The inbox of a user, stored and read as their clients do. */
async function inboxOf(hub: Hub, client: Client, distinct_id = "ann", tenant_id = "default") {
  const { db } = hub.services;
  await hub.call("POST", `/v1/user/${distinct_id}/`, {});
  const [user] = await db.query<{ id: string }>(
    "select id from recipient where workspace_id = $1 and distinct_id = $2",
    [hub.workspace_id, distinct_id],
  );
  const key = { workspace_id: hub.workspace_id, recipient_id: user?.id ?? "", tenant_id };
  const owner = `distinct_id=${distinct_id}&tenant_id=${tenant_id}`;
  const call = (method: ClientMethod, path: string, options: CallOptions = {}) =>
    client.call(method, `/v1/feed/${path}${path.includes("?") ? "&" : "?"}${owner}`, {
      as: distinct_id,
      ...(tenant_id === "default" ? {} : { claims: { scope: { tenant_id } } }),
      ...options,
    });
  const get = async (path: string) => {
    const { status, json, text } = await call("GET", path);
    if (status !== 200) throw new Error(`${status}: ${text}`);
    return json;
  };
  return {
    key,
    call,
    add: (items: readonly SeededItem[]) => seedItems(db, key, items),
    page: async (query: string) => (await get(`notifications?${query}`)) as Page,
    /** Ids of what is shown. */
    shown: async (store?: object) => {
      const query =
        store === undefined
          ? ""
          : `&store=${encodeURIComponent(JSON.stringify({ store_id: "s", query: store }))}`;
      return ((await get(`notifications?page_size=100${query}`)) as Page).results.map(({ n_id }) => n_id);
    },
    counts: async (stores: Record<string, object> = {}) => {
      const asked = Object.entries(stores).map(([store_id, query]) => ({ store_id, query }));
      return (await get(`notifications_count?stores=${encodeURIComponent(JSON.stringify(asked))}`)) as object;
    },
    item: async (id: string) => (await get(`notifications/${id}`)) as WireItem,
    changes: async (query: string) =>
      (await get(`changes?${query}`)) as {
        results?: WireItem[];
        seq: number;
        has_more?: boolean;
        reset?: true;
        counts?: object;
      },
    act: async (path: string, body: unknown = {}) => {
      const { status, json, text } = await call("PATCH", path, { body });
      if (status !== 200) throw new Error(`${status}: ${text}`);
      return json as { status: string; seq: number };
    },
  };
}

const many = (count: number, message: SeededItem["message"] = {}): SeededItem[] =>
  Array.from({ length: count }, () => ({ message }));

describe("GET /v1/feed/notifications", () => {
  it("200: an item is as all clients can decode it", async ({ hub, client }) => {
    const { add, page } = await inboxOf(hub, client);
    const [id] = await add([
      {
        category: "transactional",
        message: { schema: "1.0", header: "Hi", extra_data: "{}", tags: ["a"], is_pinned: true },
      },
    ]);
    const { results } = await page("");
    expect(results).toEqual([
      {
        n_id: id,
        n_category: "transactional",
        tenant_id: "default",
        created_on: expect.any(Number) as number,
        seen_on: null,
        read_on: null,
        interacted_on: null,
        archived: false,
        tags: ["a"],
        expiry: null,
        is_expiry_visible: false,
        is_pinned: true,
        can_user_unpin: true,
        message: {
          schema: "1.0",
          text: "Hello",
          header: "Hi",
          extra_data: "{}",
          tags: ["a"],
          is_pinned: true,
        },
        seq: expect.any(Number) as number,
        snoozed_until: null,
        collapse_key: null,
      },
    ]);
    expect(Math.abs((results[0]?.created_on ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  it("200: each way of paging visits every item once, pinned ones first, while others arrive", async ({
    hub,
    client,
  }) => {
    const { add, page } = await inboxOf(hub, client);
    const old = await add([...many(3), { message: { is_pinned: true } }, ...many(3)]);
    const expected = [old[3], ...[6, 5, 4, 2, 1, 0].map((index) => old[index])];
    const flags: ((pinned: boolean) => string)[] = [
      String,
      (pinned) => (pinned ? "1" : "0"),
      (pinned) => (pinned ? "1.0" : "0.0"),
    ];
    for (const flag of flags) {
      let after = "[]";
      const visited: string[] = [];
      for (;;) {
        const { results, meta } = await page(`page_size=2&search_after=${encodeURIComponent(after)}`);
        visited.push(...results.map(({ n_id }) => n_id));
        expect(Object.keys(meta).toSorted()).toEqual(["has_more", "seq", "total_count"]);
        const last = results.at(-1);
        if (meta.has_more !== true || last === undefined) break;
        after = `[${flag(last.is_pinned)},${last.created_on.toExponential()}]`;
        await add(many(1));
      }
      expect(visited.filter((id) => old.includes(id))).toEqual(expected);
      expect(new Set(visited).size).toBe(visited.length);
    }
    const { results: newest } = await page("page_size=100");
    const before = newest[1]?.created_on ?? 0;
    await add(many(2));
    const byNumber: string[] = [];
    for (let page_no = 1; page_no <= Math.ceil(newest.length / 2); page_no++) {
      const { results, meta } = await page(`page_no=${page_no}&before=${before}&page_size=2`);
      expect(meta).toMatchObject({
        current_page: page_no,
        total_pages: Math.ceil(newest.length / 2),
        total_count: newest.length,
      });
      byNumber.push(...results.map(({ n_id }) => n_id));
    }
    expect(byNumber).toEqual(newest.map(({ n_id }) => n_id));
  });

  it("200: stores filter by what is read and archived, by tags and by categories", async ({
    hub,
    client,
  }) => {
    const { add, shown, counts, act } = await inboxOf(hub, client);
    const [a = "", b = "", c = "", d = ""] = await add([
      { message: { tags: ["x"] }, category: "system" },
      { message: { tags: ["x", "y"] }, category: "promotional" },
      { message: { tags: ["z"] }, category: "system" },
      { category: "system" },
    ]);
    await act(`notifications/${b}/read`);
    await act(`notifications/${d}/archive`);
    expect(await shown()).toEqual([c, b, a]);
    expect(await shown({ tags: { or: [] }, categories: { or: [] } })).toEqual([c, b, a]);
    expect(await shown({ read: true })).toEqual([b]);
    expect(await shown({ read: false, archived: false })).toEqual([c, a]);
    expect(await shown({ archived: true })).toEqual([d]);
    expect(await shown({ tags: { or: ["y", "z"] } })).toEqual([c, b]);
    expect(await shown({ tags: { or: ["x"] }, categories: { or: ["system"] } })).toEqual([a]);
    expect(
      await counts({
        all: {},
        read: { read: true },
        arch: { archived: true },
        x: { tags: { or: ["x"] } },
        status: {},
      }),
    ).toEqual({ badge: 3, all: 2, read: 0, arch: 1, x: 1 });
  });

  it("200: what has expired is in no list and in no count, and archived where it is asked for", async ({
    hub,
    client,
  }) => {
    const { add, shown, counts, item } = await inboxOf(hub, client);
    const message = {
      is_expiry_enabled: true,
      expiry: { value: "2020-01-01T00:00:00Z", is_expiry_visible: true },
    };
    const [id = ""] = await add([{ message }]);
    expect(await shown()).toEqual([]);
    expect(await shown({ archived: true })).toEqual([]);
    expect(await counts({ all: {} })).toEqual({ badge: 0, all: 0 });
    expect(await item(id)).toMatchObject({ archived: true, is_expiry_visible: true, expiry: Date.UTC(2020) });
  });

  it("200: of somebody unknown nothing, and an item of one who is not stored", async ({ hub, client }) => {
    const call = (path: string) => client.call("GET", `/v1/feed/${path}distinct_id=ghost`, { as: "ghost" });
    expect((await call("notifications?")).json).toEqual({
      results: [],
      meta: { total_count: 0, has_more: false, seq: 0 },
    });
    expect((await call("notifications_count?")).json).toEqual({ badge: 0 });
    expect((await call("changes?")).json).toEqual({ seq: 0, counts: { badge: 0 } });
    const key = { workspace_id: hub.workspace_id, recipient_id: "/ghost", tenant_id: "default" };
    const [n_id] = await seedItems(hub.services.db, key, [{}]);
    expect((await call("notifications?")).json).toMatchObject({ results: [{ n_id }] });
  });

  it("200: takes what clients send that know no better", async ({ hub, client }) => {
    const { add } = await inboxOf(hub, client);
    const [n_id] = await add(many(1));
    const found = { status: 200, json: { results: [{ n_id }] } };
    for (const query of [
      "distinct_id=ann",
      "distinct_id=ann&tenant_id=",
      "distinct_id=ann&tenant_id=undefined&store=undefined&page_size=&search_after=null",
      "distinct_id=ann&tenant_id=default&tenant_id=default",
      "&distinct_id=ann&page_size=5000&page_no=-3&before=1e15&extra=1",
    ]) {
      expect(await client.call("GET", `/v1/feed/notifications/?${query}`)).toMatchObject(found);
    }
    const stores = Array.from({ length: 20 }, (_none, index) => ({
      store_id: `store-${index}`,
      query: { tags: { or: Array.from({ length: 60 }, (_one, tag) => `tag-${index}-${tag}`) } },
    }));
    const query = encodeURIComponent(JSON.stringify(stores));
    expect(query.length).toBeGreaterThan(8192);
    expect(
      await client.call("GET", `/v1/feed/notifications_count?distinct_id=ann&stores=${query}`),
    ).toMatchObject({ status: 200 });
  });

  it.for([
    ["", { distinct_id: "is a required field" }],
    [`distinct_id=${"x".repeat(256)}`, { distinct_id: "must be at most 255 characters" }],
    ["distinct_id=ann&page_size=many", { page_size: "must be a number" }],
    ["distinct_id=ann&store=[]", { store: "must be a JSON object with store_id and query" }],
    ['distinct_id=ann&store={"query":{"read":"yes"}}', { store: "query.read must be true or false" }],
    ['distinct_id=ann&store={"query":{"tags":{"or":[1]}}}', { store: 'query.tags must be {"or": [texts]}' }],
    [
      "distinct_id=ann&search_after=[1]",
      {
        search_after:
          "must be [] for the first page, or [is_pinned, created_on] of the last item of the page before",
      },
    ],
  ] as const)("400: %s", async ([query, detail], { client }) => {
    const answer = await client.call("GET", `/v1/feed/notifications?${query}`);
    expect(answer).toMatchObject({
      status: 400,
      json: { status: "error", error: { message: JSON.stringify(detail) } },
    });
  });

  it("403: the feed of another person, and of another tenant", async ({ hub, client }) => {
    const { add } = await inboxOf(hub, client);
    const [id = ""] = await add(many(1));
    for (const path of ["notifications", "notifications_count", `notifications/${id}`, "changes"]) {
      expect((await client.call("GET", `/v1/feed/${path}?distinct_id=ann`, { as: "bob" })).status).toBe(403);
      expect((await client.call("GET", `/v1/feed/${path}?distinct_id=ann&tenant_id=acme`)).status).toBe(403);
      expect((await client.call("GET", `/v1/feed/${path}?distinct_id=ann`, { as: null })).status).toBe(401);
    }
  });
});

describe("GET /v1/feed/changes", () => {
  it("200: each item once, in its newest state, by pages", async ({ hub, client }) => {
    const { add, changes, act } = await inboxOf(hub, client);
    const [a = "", b = "", c = ""] = await add(many(3));
    const { seq } = await changes("");
    await act(`notifications/${a}/seen`);
    await act(`notifications/${c}/read`);
    await act(`notifications/${a}/archive`);
    const first = await changes(
      `after=${seq}&limit=1&stores=${encodeURIComponent('[{"store_id":"all","query":{}}]')}`,
    );
    expect(first).toMatchObject({ results: [{ n_id: c }], has_more: true, counts: { badge: 2, all: 1 } });
    const second = await changes(`after=${first.seq}`);
    expect(second).toMatchObject({ results: [{ n_id: a, archived: true }], has_more: false });
    expect(await changes(`after=${second.seq}`)).toMatchObject({
      results: [],
      seq: second.seq,
      has_more: false,
    });
    expect((await changes("after=0")).results?.map(({ n_id }) => n_id)).toEqual([b, c, a]);
  });

  it("200: reset where the number is not of this feed, or too old", async ({ hub, client }) => {
    const { add, changes, key } = await inboxOf(hub, client);
    await add(many(1));
    const { seq } = await changes("");
    expect(await changes(`after=${seq + 1}`)).toEqual({ reset: true, seq });
    await hub.services.db.query("update inbox_feed set forgotten_seq = seq where recipient_id = $1", [
      key.recipient_id,
    ]);
    expect(await changes(`after=${seq - 1}`)).toEqual({ reset: true, seq });
    expect(await changes(`after=${seq}`)).toMatchObject({ results: [], seq });
  });
});

describe("PATCH /v1/feed/notifications/{n_id}/{action}", () => {
  it("200: states as clients have them, whether the body is {} or empty", async ({ hub, client }) => {
    const { add, act, item, call } = await inboxOf(hub, client);
    const [id = ""] = await add([{ message: { is_pinned: true } }]);
    const state = async () => {
      const { seen_on, read_on, interacted_on, archived, is_pinned } = await item(id);
      const times = { seen: seen_on, read: read_on, interacted: interacted_on };
      const set = Object.entries(times).flatMap(([name, at]) => (at === null ? [] : [name]));
      return [...set, ...(archived ? ["archived"] : []), ...(is_pinned ? ["pinned"] : [])].join(" ");
    };
    const after = async (action: string, body?: unknown) => {
      await act(`notifications/${id}/${action}`, body);
      return state();
    };
    expect(await after("seen")).toBe("seen pinned");
    expect(await after("read")).toBe("seen read");
    expect(await after("unread")).toBe("seen");
    expect(await after("pin")).toBe("seen pinned");
    expect(await after("archive")).toBe("seen archived");
    expect(await after("unarchive")).toBe("seen");
    expect(await after("interacted")).toBe("seen read interacted");
    expect(await after("pin")).toBe("seen read interacted pinned");
    expect(await after("interacted")).toBe("seen read interacted pinned");
    expect(await after("unpin")).toBe("seen read interacted");
    expect(await after("snooze", { until: Date.now() + 3_600_000 })).toBe("seen read interacted archived");
    expect(await after("unsnooze")).toBe("seen read interacted");
    const { seq } = await item(id);
    expect(await act(`notifications/${id}/read`)).toEqual({ status: "success", seq });
    expect((await call("PATCH", `notifications/${id}/unread`, { body: "" })).status).toBe(200);
    expect(await state()).toBe("seen interacted");
  });

  it("400: an unknown action, and a snooze without its end", async ({ hub, client }) => {
    const { add, call } = await inboxOf(hub, client);
    const [id = ""] = await add(many(1));
    expect((await call("PATCH", `notifications/${id}/explode`, { body: {} })).status).toBe(400);
    for (const body of [{}, "", { until: "tomorrow" }, { until: 1_795_195_264 }, { until: 9e15 }]) {
      const answer = await call("PATCH", `notifications/${id}/snooze`, { body });
      expect(answer).toMatchObject({
        status: 400,
        json: {
          error: {
            message: "until: must be the time at which the item comes back, in milliseconds since 1970",
          },
        },
      });
    }
  });

  it("403: what may not be unpinned", async ({ hub, client }) => {
    const { add, call, item } = await inboxOf(hub, client);
    const [id = ""] = await add([{ message: { is_pinned: true, can_user_unpin: false } }]);
    expect((await call("PATCH", `notifications/${id}/unpin`, { body: {} })).status).toBe(403);
    expect(await item(id)).toMatchObject({ is_pinned: true, can_user_unpin: false });
  });

  it("404: what is not in this feed, and nothing changes where it is", async ({ hub, client, harness }) => {
    const { add, call } = await inboxOf(hub, client);
    await add(many(1));
    const others = [await inboxOf(hub, client, "bob"), await inboxOf(hub, client, "ann", "acme")];
    const otherHub = await createHub(harness);
    others.push(await inboxOf(otherHub, await createClient(otherHub, otherHub.workspace)));
    for (const other of others) {
      const [id = ""] = await other.add(many(1));
      for (const action of ["read", "archive", "pin"]) {
        expect((await call("PATCH", `notifications/${id}/${action}`, { body: {} })).status).toBe(404);
      }
      expect((await call("GET", `notifications/${id}`)).status).toBe(404);
      await call("POST", "bulk/notifications/read", { body: { notification_ids: [id] } });
      expect(await other.item(id)).toMatchObject({ read_on: null, archived: false, is_pinned: false });
    }
    expect((await call("PATCH", "notifications/nothing/read", { body: {} })).status).toBe(404);
  });
});

describe("all at once", () => {
  it("200: a list of ids, of which those that are not in the feed are ignored", async ({ hub, client }) => {
    const { add, call, shown } = await inboxOf(hub, client);
    const [a = "", b = "", c = ""] = await add(many(3));
    const post = (action: string, notification_ids: unknown) =>
      call("POST", `bulk/notifications/${action}`, { body: { notification_ids } });
    expect(await post("seen", [a, "gone", a])).toMatchObject({ status: 200, json: { status: "success" } });
    expect((await post("read", [b])).status).toBe(200);
    expect(await shown({ read: true })).toEqual([b]);
    expect((await post("unread", [b])).status).toBe(200);
    expect((await post("archive", [a, c])).status).toBe(200);
    expect(await shown()).toEqual([b]);
    expect((await post("unarchive", [c])).status).toBe(200);
    expect(await shown()).toEqual([c, b]);
    expect((await post("seen", [])).status).toBe(200);
    expect(
      (
        await post(
          "seen",
          Array.from({ length: 101 }, () => a),
        )
      ).status,
    ).toBe(400);
    expect((await post("seen", "all")).status).toBe(400);
    expect((await post("snooze", [a])).status).toBe(400);
  });

  it("200: the bell, everything read, everything archived, and both of one store alone", async ({
    hub,
    client,
  }) => {
    const { add, act, counts, shown } = await inboxOf(hub, client);
    const [a = "", b = ""] = await add([{ message: { tags: ["x"] } }, {}]);
    expect(await counts({ all: {} })).toEqual({ badge: 2, all: 2 });
    await act("reset_bell_count");
    expect(await counts({ all: {} })).toEqual({ badge: 0, all: 2 });
    const [c = ""] = await add(many(1));
    expect(await counts({ all: {} })).toEqual({ badge: 1, all: 3 });
    const store = { store_id: "x", query: { tags: { or: ["x"] } } };
    await act("mark_all_read", { store });
    expect(await shown({ read: true })).toEqual([a]);
    expect(await counts()).toEqual({ badge: 1 });
    await act("archive_all", { store });
    expect(await shown()).toEqual([c, b]);
    const { seq } = await act("mark_all_read");
    expect(await counts({ all: {} })).toEqual({ badge: 0, all: 0 });
    expect(await act("mark_all_read")).toEqual({ status: "success", seq });
    await act("archive_all", "");
    expect(await shown()).toEqual([]);
  });

  it("400: a store that is none", async ({ hub, client }) => {
    const { call } = await inboxOf(hub, client);
    const answer = await call("PATCH", "mark_all_read", { body: { store: { query: { archived: 1 } } } });
    expect(answer).toMatchObject({
      status: 400,
      json: { error: { message: JSON.stringify({ store: "query.archived must be true or false" }) } },
    });
  });
});
