import { connect as dial } from "node:net";
import { describe, expect } from "vitest";
import { onServer } from "../../../test/fixture.ts";
import { until } from "../../../test/harness.ts";
import { createInbox, type Inbox } from "../../../test/realtime/people.ts";
import { connectSocket, type SocketClient } from "../../../test/realtime/socket-client.ts";
import { actOnItems } from "../../inbox/actions.ts";
import { inboxSubscriberId } from "../../workspaces/workspaces.ts";

const it = onServer.extend<{ $test: { inbox: Inbox } }>({
  inbox: async ({ hub, harness }, use) => use(await createInbox(hub, harness.url)),
});

const WRONG_TOKEN = "Authentication Error: wrong auth token";
/** Events without the number at their end. */
const told = ({ events }: SocketClient) => events.map(([name, data]) => [name, data]);
const came = (socket: SocketClient, count: number) => until(async () => socket.events.length >= count);

describe("who may connect", () => {
  it("accepts the person's token, and an open key without one", async ({ inbox }) => {
    for (const auth of [{}, { authorization: inbox.openKey, "x-ss-signature": undefined }]) {
      const socket = await inbox.connect("ann", auth);
      expect(await socket.answer).toMatchObject({ ok: true, sid: expect.any(String) });
      socket.close();
    }
  });

  it("refuses with the very words that make web-sdk 4 refresh its token", async ({ inbox }) => {
    const past = Math.floor(Date.now() / 1000) - 60;
    const wrong: Record<string, unknown>[] = [
      { "x-ss-signature": await inbox.sign("ann", { exp: past }) },
      { "x-ss-signature": undefined },
      // Android without a token yet.
      { "x-ss-signature": "" },
      { "x-ss-signature": "a.b.c" },
      { authorization: "SS.PUBK.unknown" },
      { authorization: "" },
      { subscriber_id: "wrong", authorization: "nobody:" },
    ];
    for (const auth of wrong) {
      const socket = await inbox.connect("ann", auth);
      expect(await socket.answer).toMatchObject({ ok: false, message: WRONG_TOKEN });
      socket.close();
    }
  });

  it("says why a token is not enough: another person, another tenant", async ({ inbox }) => {
    const token = await inbox.sign("ann");
    for (const [auth, message] of [
      [{ distinct_id: "bob" }, "the token is for another user than 'bob'"],
      [{ tenant_id: "other" }, "the token is not for tenant 'other': name it in scope.tenant_id"],
      [{ distinct_id: "" }, /^distinct_id: /],
      [{ distinct_id: { a: 1 } }, /^distinct_id: /],
      [{ schema: "2", stores: "[{" }, /^stores: must be JSON/],
      [{ schema: "2", after: "x" }, /^after must be/],
    ] as const) {
      const socket = await inbox.connect("ann", { "x-ss-signature": token, ...auth });
      expect(await socket.answer).toMatchObject({
        ok: false,
        message: typeof message === "string" ? message : expect.stringMatching(message),
      });
      socket.close();
    }
  });

  it("lets a client try again on the same connection, with a new token", async ({ inbox }) => {
    const socket = await inbox.connect("ann", { "x-ss-signature": "old" });
    expect(await socket.answer).toMatchObject({ ok: false });
    const auth = {
      authorization: inbox.publicKey,
      "x-ss-signature": await inbox.sign("ann"),
      distinct_id: "ann",
    };
    socket.send(`40${JSON.stringify(auth)}`);
    await until(async () => socket.frames.some((frame) => frame.startsWith("40")));
    socket.close();
  });
});

describe("the official clients", () => {
  it("are told of a delivery once, in every tab and on no other feed", async ({ inbox }) => {
    const [one, two, acme, bob] = await Promise.all([
      inbox.connect("ann"),
      inbox.connect("ann"),
      inbox.connect("ann", { tenant_id: "acme" }),
      inbox.connect("bob"),
    ]);
    await Promise.all([one.answer, two.answer, acme.answer, bob.answer]);
    const [n_id] = await inbox.deliver("ann");
    const [other] = await inbox.deliver("ann", [{}], "acme");
    await Promise.all([came(one, 1), came(two, 1), came(acme, 1)]);
    expect(told(one)).toEqual([["new_notification", { n_id }]]);
    expect(told(two)).toEqual([["new_notification", { n_id }]]);
    expect(told(acme)).toEqual([["new_notification", { n_id: other }]]);
    expect(bob.events).toEqual([]);
    // No acknowledgement is asked for: Swift cannot read such a frame.
    expect(one.frames.every((frame) => /^(0|40|42\[|2)/.test(frame))).toBe(true);
  });

  it("have a number as an id, and an empty tenant for the default one", async ({ inbox }) => {
    const token = await inbox.sign("42");
    const socket = await inbox.connect("42", { "x-ss-signature": token, distinct_id: 42, tenant_id: "" });
    expect(await socket.answer).toMatchObject({ ok: true });
    const [n_id] = await inbox.deliver("42");
    await came(socket, 1);
    expect(told(socket)).toEqual([["new_notification", { n_id }]]);
  });

  it("hear in their own words what was done, the one who did it too", async ({ inbox, hub }) => {
    const proof = inboxSubscriberId(hub.workspace, { object_type: "", distinct_id: "ann" });
    const legacy = await inbox.connect("ann", {
      subscriber_id: proof,
      authorization: `${hub.wsKey}:1b4e28ba-2fa1-11d2-883f-0016d3cca427`,
      schema: undefined,
    });
    const current = await inbox.connect("ann");
    expect(await legacy.answer).toMatchObject({ ok: true });
    await current.answer;
    const [n1 = "", n2 = ""] = await inbox.deliver("ann", [{}, {}]);
    const key = await inbox.keyOf("ann");
    const { db, announce } = hub.services;
    const act = async (action: "read" | "archive") => {
      const [done] = await db.tx((tx) =>
        actOnItems(tx, hub.workspace_id, [{ id: n1, owner: key.recipient_id, action }]),
      );
      announce([{ key, seq: done?.seq ?? 0, change: { kind: "update", n_id: n1, action } }]);
      return done?.seq ?? 0;
    };
    await act("read");
    const seq = await act("archive");
    announce([{ key, seq: seq + 1, change: { kind: "seen", n_ids: [n2] } }]);
    announce([{ key, seq: seq + 2, change: { kind: "opened" } }]);
    announce([{ key, seq: seq + 2, change: { kind: "all_read" } }]);
    await Promise.all([came(current, 7), came(legacy, 6)]);
    expect(told(current)).toEqual([
      ["new_notification", { n_id: n1 }],
      ["new_notification", { n_id: n2 }],
      ["notification_update", { n_id: n1, action: "read" }],
      ["notification_update", { n_id: n1, action: "archive" }],
      ["bulk_notification_update", { action: "seen", notification_ids: [n2] }],
      ["reset_badge", {}],
      ["bulk_notification_update", { action: "read", notification_ids: "all" }],
    ]);
    expect(told(legacy)).toEqual([
      ["new_notification", { n_id: n1 }],
      ["new_notification", { n_id: n2 }],
      ["notification_updated", { n_id: n1 }],
      ["notification_updated", { n_id: n1, type: "archive" }],
      ["update_badge", {}],
      ["mark_all_read", {}],
    ]);
  });

  it("get what they missed when their Socket.IO client comes back, and nothing twice", async ({ inbox }) => {
    const first = await inbox.connect("ann");
    const hello = await first.answer;
    const [seen] = await inbox.deliver("ann");
    await came(first, 1);
    const offset = first.events[0]?.at(-1);
    first.close();
    await first.closed;
    const missed = await inbox.deliver("ann", [{}, {}]);
    const pid = hello.ok ? hello.pid : "";
    const back = await inbox.connect("ann", { pid, offset });
    expect(await back.answer).toMatchObject({ ok: true });
    await came(back, 2);
    expect(told(back)).toEqual(missed.map((n_id) => ["new_notification", { n_id }]));
    // One that had not been sent anything yet names no offset.
    const again = await inbox.connect("ann", { pid });
    await came(again, 3);
    expect(told(again)).toEqual([seen, ...missed].map((n_id) => ["new_notification", { n_id }]));
    // A word of another feed means nothing here.
    const [n_id] = await inbox.deliver("bob");
    const bob = await inbox.connect("bob", { pid, offset });
    await bob.answer;
    const [next] = await inbox.deliver("bob");
    await came(bob, 1);
    expect(told(bob)).toEqual([["new_notification", { n_id: next }]]);
    expect(n_id).not.toBe(next);
  });

  it("are told of what comes to somebody whom the server did not know when they connected", async ({
    inbox,
    hub,
  }) => {
    const stock = await inbox.connect("newcomer");
    const ours = await inbox.connect("newcomer", { schema: "2" });
    await Promise.all([stock.answer, ours.answer]);
    const before = await inbox.keyOf("newcomer");
    expect((await hub.call("POST", "/v1/user/newcomer/", { name: "New" })).status).toBeLessThan(300);
    expect(await inbox.keyOf("newcomer")).not.toEqual(before);
    const [n_id] = await inbox.deliver("newcomer");
    await came(stock, 1);
    expect(told(stock)).toEqual([["new_notification", { n_id }]]);
    await came(ours, 2);
    expect(ours.events[1]).toMatchObject(["items", { new: [n_id] }]);
    const [next] = await inbox.deliver("newcomer");
    await came(stock, 2);
    expect(told(stock)[1]).toEqual(["new_notification", { n_id: next }]);
  });

  it("say what they like, and get no answer", async ({ inbox }) => {
    const socket = await inbox.connect("ann");
    await socket.answer;
    const before = socket.frames.length;
    socket.send('42["ack",{"n_id":"x","loaded":true}]');
    socket.send('420["with_ack",1]');
    socket.send('42["new_notification",{"n_id":"forged"}]');
    const [n_id] = await inbox.deliver("ann");
    await came(socket, 1);
    expect(told(socket)).toEqual([["new_notification", { n_id }]]);
    expect(socket.frames).toHaveLength(before + 1);
  });
});

describe("schema 2", () => {
  const own = { schema: "2", stores: [{ store_id: "unread", query: { read: false } }] };

  it("sends whole items and counts, from a number on", async ({ inbox }) => {
    const socket = await inbox.connect("ann", own);
    await socket.answer;
    await came(socket, 1);
    expect(socket.events).toEqual([["hello", { seq: 0, counts: { badge: 0, unread: 0 } }]]);
    const ids = await inbox.deliver("ann", [{ message: { text: "One" } }, {}]);
    await until(async () => socket.events.length > 1);
    const [, [name, data] = []] = socket.events;
    expect(name).toBe("items");
    expect(data).toMatchObject({
      items: [{ n_id: ids[0], message: { text: "One" } }, { n_id: ids[1] }],
      new: ids,
      counts: { badge: 2, unread: 2 },
      seq: expect.any(Number),
    });
    const { seq } = data as { seq: number };
    const [third] = await inbox.deliver("ann");
    const back = await inbox.connect("ann", { ...own, after: seq });
    await came(back, 2);
    expect(back.events).toMatchObject([
      ["hello", { seq, counts: { unread: 3 } }],
      ["items", { new: [third], items: [{ n_id: third }] }],
    ]);
    // Its own words alone are needed.
    const plain = await inbox.connect("ann", { schema: "2" });
    await came(plain, 1);
    expect(plain.events).toMatchObject([["hello", { counts: { badge: 3 } }]]);
    const lost = await inbox.connect("ann", { ...own, after: seq + 1000 });
    await came(lost, 2);
    expect(lost.events.map(([event]) => event)).toEqual(["hello", "reset"]);
  });

  it("ends with its token, and the client comes back", async ({ inbox }) => {
    const exp = Math.ceil(Date.now() / 1000) + 1;
    const token = await inbox.sign("ann", { exp });
    const ours = await inbox.connect("ann", { ...own, "x-ss-signature": token });
    // The official ones are sent ids alone, and stay.
    const stock = await inbox.connect("ann", { "x-ss-signature": token });
    await Promise.all([ours.answer, stock.answer]);
    await ours.closed;
    expect(ours.frames.some((frame) => frame.startsWith("41"))).toBe(false);
    expect(stock.isOpen()).toBe(true);
  });
});

describe("a client that wants too much", () => {
  it("is not listened to: too large a frame, too many of them", async ({ inbox }) => {
    const large = await inbox.connect("ann");
    await large.answer;
    large.send(`42["x","${"x".repeat(20_000)}"]`);
    await large.closed;
    const many = await inbox.connect("ann");
    await many.answer;
    for (let n = 0; n < 200; n++) many.send('42["x"]');
    await many.closed;
  });

  it("has one proof looked at, however many it sends at once", async ({ inbox, harness }) => {
    const socket = connectSocket(harness.url, null);
    await until(async () => socket.frames.length > 0);
    const proof = {
      authorization: inbox.publicKey,
      "x-ss-signature": await inbox.sign("ann"),
      distinct_id: "ann",
    };
    for (let n = 0; n < 20; n++) socket.send(`40${JSON.stringify(proof)}`);
    await until(async () => socket.frames.some((frame) => frame.startsWith("40")) || !socket.isOpen());
    expect(socket.frames.filter((frame) => frame.startsWith("40")).length).toBeLessThan(2);
    socket.close();
  });

  it("is let go when it takes nothing", async ({ inbox, harness, hub }) => {
    const { port, hostname } = new URL(harness.url);
    const raw = dial(Number(port), hostname);
    const closed = Promise.withResolvers<void>();
    raw.on("close", () => closed.resolve());
    raw.on("error", () => {});
    const upgrade = [
      "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1",
      `Host: ${hostname}`,
      "Upgrade: websocket",
    ];
    const rest = [
      "Connection: Upgrade",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ];
    raw.write(`${[...upgrade, ...rest].join("\r\n")}\r\n\r\n`);
    const proof = { authorization: inbox.openKey, distinct_id: "slow", schema: "1" };
    let text = "";
    raw.on("data", (bytes) => (text += bytes.toString("latin1")));
    await until(async () => text.includes('0{"sid"'));
    raw.write(maskedFrame(`40${JSON.stringify(proof)}`));
    await until(async () => text.includes("40{"));
    raw.pause();
    await inbox.deliver("slow");
    const key = await inbox.keyOf("slow");
    const n_id = "n".repeat(1000);
    for (let round = 0; round < 30; round++) {
      const [feed] = await hub.services.db.query<{ seq: number }>(
        "update inbox_feed set seq = seq + 1000 where workspace_id = $1 and recipient_id = $2 returning seq",
        [key.workspace_id, key.recipient_id],
      );
      const changes = Array.from({ length: 1000 }, (_, n) => ({
        key,
        seq: (feed?.seq ?? 0) - 999 + n,
        change: { kind: "new" as const, n_id },
      }));
      hub.services.announce(changes);
    }
    const { text: metrics } = await until(async () => {
      const answer = await hub.call("GET", "/metrics");
      return /drops_total\{reason="slow"\} [1-9]/.test(answer.text) ? answer : null;
    });
    expect(metrics).toContain("carillon_realtime_connections");
    raw.destroy();
    await closed.promise;
  });
});

function maskedFrame(text: string): Buffer {
  const body = Buffer.from(text);
  const head =
    body.length < 126 ? [0x81, 0x80 | body.length] : [0x81, 0x80 | 126, body.length >> 8, body.length & 255];
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), body]);
}

describe("a connection without a proof", () => {
  it("is refused by other ways than WebSocket", async ({ harness }) => {
    const reply = await fetch(`${harness.url}/socket.io/?EIO=4&transport=polling`);
    expect(reply.status).toBe(400);
    const socket = connectSocket(harness.url, null);
    await until(async () => socket.frames.length > 0);
    expect(socket.frames[0]).toMatch(
      /^0\{"sid":".+","upgrades":\[\],"pingInterval":25000,"pingTimeout":20000/,
    );
    socket.send("40/admin,{}");
    await until(async () => socket.frames.some((frame) => frame.startsWith("44/admin")));
    socket.close();
  });
});
