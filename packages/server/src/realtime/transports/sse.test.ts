import { describe, expect } from "vitest";
import { onServer } from "../../../test/fixture.ts";
import { until } from "../../../test/harness.ts";
import { createInbox, type Inbox } from "../../../test/realtime/people.ts";

const it = onServer.extend<{ $test: { inbox: Inbox } }>({
  inbox: async ({ hub, harness }, use) => use(await createInbox(hub, harness.url)),
});

const STORES = JSON.stringify([{ store_id: "unread", query: { read: false } }]);

describe("GET /v1/feed/stream", () => {
  it("200: what changes, whole, with counts, until the client leaves", async ({ inbox, hub }) => {
    const stream = await inbox.stream("ann", { query: { stores: STORES } });
    expect(stream.status).toBe(200);
    expect(stream.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(stream.headers.get("cache-control")).toBe("no-store");
    expect(stream.headers.get("x-accel-buffering")).toBe("no");
    expect(stream.headers.get("access-control-allow-origin")).toBe("*");
    await until(async () => stream.events.length === 1);
    expect(stream.events).toEqual([
      { name: "hello", id: "0", data: { seq: 0, counts: { badge: 0, unread: 0 } } },
    ]);
    const [n_id = ""] = await inbox.deliver("ann", [{ message: { text: "One" } }]);
    await until(async () => stream.events.length === 2);
    const [, items] = stream.events;
    expect(items).toMatchObject({
      name: "items",
      data: {
        items: [{ n_id, message: { text: "One" }, read_on: null }],
        new: [n_id],
        counts: { badge: 1, unread: 1 },
      },
    });
    expect(items?.data).toMatchObject({ seq: Number(items?.id) });

    const answer = await inbox.call("PATCH", `/v1/feed/notifications/${n_id}/read?distinct_id=ann`, {
      body: {},
    });
    expect(answer.status).toBe(200);
    await until(async () => stream.events.length === 3);
    expect(stream.events[2]).toMatchObject({
      name: "items",
      data: { items: [{ n_id, read_on: expect.any(Number) }], new: [], counts: { unread: 0 } },
    });

    expect(
      (await inbox.call("PATCH", "/v1/feed/reset_bell_count?distinct_id=ann", { body: {} })).status,
    ).toBe(200);
    await until(async () => stream.events.length === 4);
    expect(stream.events[3]).toMatchObject({ name: "badge", data: { counts: { badge: 0, unread: 0 } } });

    const open = async () => {
      const { text } = await hub.call("GET", "/metrics");
      return Number(/carillon_realtime_connections\{transport="sse"\} (\d+)/.exec(text)?.[1]);
    };
    const before = await open();
    stream.close();
    await until(async () => (await open()) === before - 1);
  });

  it("200: goes on where the client was, or says that it cannot", async ({ inbox }) => {
    const first = await inbox.stream("bob");
    await inbox.deliver("bob");
    await until(async () => first.events.length === 2);
    const id = first.events[1]?.id ?? "";
    first.close();
    const [second, third] = await inbox.deliver("bob", [{}, {}]);
    for (const how of [{ headers: { "last-event-id": id } }, { query: { after: id } }]) {
      const back = await inbox.stream("bob", how);
      await until(async () => back.events.length === 2);
      expect(back.events).toMatchObject([
        { name: "hello", id, data: { counts: { badge: 3 } } },
        { name: "items", data: { new: [second, third] } },
      ]);
      back.close();
    }
    const lost = await inbox.stream("bob", { query: { after: "9007199254740991" } });
    await until(async () => lost.events.length === 2);
    const reset = lost.events[1];
    expect(reset).toMatchObject({
      name: "reset",
      data: { seq: Number(reset?.id), counts: { badge: 3 } },
    });
    lost.close();
  });

  it("200: in a feed of many changes, a hundred at a time", async ({ inbox }) => {
    const ids = await inbox.deliver(
      "max",
      Array.from({ length: 250 }, () => ({})),
    );
    const stream = await inbox.stream("max", { query: { after: "0" } });
    const news = () => stream.events.flatMap(({ data }) => (data as { new?: string[] }).new ?? []);
    await until(async () => news().length === 250);
    expect(news()).toEqual(ids);
    expect(stream.events.map(({ name }) => name)).toEqual(["hello", "items", "items", "items"]);
    stream.close();
  });

  it("200: ends with the token", async ({ inbox }) => {
    const token = await inbox.sign("ann", { exp: Math.ceil(Date.now() / 1000) + 1 });
    const stream = await inbox.stream("ann", { headers: { "x-ss-signature": token } });
    expect(stream.status).toBe(200);
    await stream.closed;
  });

  it("200: to HEAD, and nothing goes on", async ({ inbox, harness }) => {
    const reply = await fetch(`${harness.url}/v1/feed/stream?distinct_id=ann`, {
      method: "HEAD",
      headers: { authorization: inbox.openKey },
    });
    expect(reply.status).toBe(200);
  });

  it("400: what is wrong, by name", async ({ inbox }) => {
    for (const [query, headers, text] of [
      ["stores=[", {}, /stores/],
      ["after=x", {}, /after/],
      ["", { "last-event-id": "x" }, /Last-Event-ID/],
    ] as const) {
      const answer = await inbox.call("GET", `/v1/feed/stream?distinct_id=ann&${query}`, { headers });
      expect(answer).toMatchObject({
        status: 400,
        json: { error: { type: "validation_error", message: expect.stringMatching(text) } },
      });
    }
  });

  it("401: without a token, 403: for others", async ({ inbox }) => {
    expect(await inbox.call("GET", "/v1/feed/stream?distinct_id=ann", { as: null })).toMatchObject({
      status: 401,
      json: { error: { type: "token_invalid" } },
    });
    for (const query of ["distinct_id=bob", "distinct_id=ann&tenant_id=acme"]) {
      const answer = await inbox.call("GET", `/v1/feed/stream?${query}`);
      expect(answer).toMatchObject({ status: 403, headers: { "access-control-allow-origin": "*" } });
    }
  });
});
