import { describe, expect, it as plain } from "vitest";
import { until } from "../../../server/test/harness.ts";
import { HOST, onRoom as it } from "../../test/devices.ts";
import { createInbox } from "./create-inbox.ts";
import type { InboxOptions, Store } from "./types.ts";

/* One device, over the real server. */

const STORES: Store[] = [
  { id: "all" },
  { id: "unread", query: { read: false } },
  { id: "archive", query: { archived: true } },
];

describe("createInbox", () => {
  const good: InboxOptions = { host: HOST, publicKey: "k", distinctId: "ann" };
  plain.each<[what: string, options: object, message: string]>([
    [
      "a host",
      { host: "notify.example.com" },
      "host has to be the server's origin, as https://notify.example.com",
    ],
    ["a public key", { publicKey: "" }, "publicKey has to be the workspace's public key"],
    ["a distinct id", { distinctId: 7 }, "distinctId has to be the user's distinct_id, a text"],
    ["a page size", { pageSize: 101 }, "pageSize has to be from 1 to 100"],
    ["stores", { stores: [] }, "stores has to be 1 to 20 stores"],
    [
      "good ids",
      { stores: [{ id: "badge" }] },
      "stores[].id has to be letters, digits, _ and -, each once, and not badge or status",
    ],
    [
      "ids once",
      { stores: [{ id: "a" }, { id: "a" }] },
      "stores[].id has to be letters, digits, _ and -, each once, and not badge or status",
    ],
  ])("wants %s", (_, options, message) => {
    expect(() => createInbox({ ...good, ...options })).toThrow(`createInbox: ${message}`);
  });

  plain("does nothing before it is started, and has a state to render", () => {
    let asked = 0;
    const inbox = createInbox({
      ...good,
      fetch: () => {
        asked += 1;
        throw new Error("no");
      },
    });
    expect(inbox.getState()).toEqual({
      stores: { all: { items: [], status: "idle", hasMore: true, unread: 0 } },
      badge: 0,
      connection: "offline",
      pending: 0,
      error: null,
    });
    expect(inbox.getState()).toBe(inbox.getState());
    expect(asked).toBe(0);
  });
});

describe("a list", () => {
  it("has a page when it starts, and a further one when it is asked for", async ({ room }) => {
    const ids = (await room.deliver({}, {}, {}, {}, {})).reverse();
    const device = await room.start({ pageSize: 2 });
    expect(device.ids()).toEqual(ids.slice(0, 2));
    expect(device.inbox.getState().stores.all).toMatchObject({ status: "ready", hasMore: true, unread: 5 });
    await Promise.all([device.inbox.more(), device.inbox.more()]);
    expect(device.ids()).toEqual(ids.slice(0, 4));
    await device.inbox.more();
    expect(device.ids()).toEqual(ids);
    expect(device.inbox.getState().stores.all?.hasMore).toBe(false);
  });

  it("takes in what arrives, says so once, and counts it", async ({ room }) => {
    const device = await room.start({ stores: STORES });
    const [id = ""] = await room.deliver({ message: { text: "Hi" } });
    await until(async () => device.ids().includes(id));
    expect(device.said.new).toMatchObject([{ items: [{ n_id: id, message: { text: "Hi" } }] }]);
    expect(device.inbox.toasts.getState().map((toast) => toast.id)).toEqual([id]);
    expect(device.inbox.getState()).toMatchObject({
      badge: 1,
      connection: "live",
      stores: { all: { unread: 1 }, unread: { unread: 1, items: [] } },
    });
    await device.inbox.more("unread");
    expect(device.ids("unread")).toEqual([id]);
  });

  it("follows what is done elsewhere", async ({ room }) => {
    const [a = "", b = "", c = ""] = await room.deliver({}, {}, {});
    const device = await room.start({ stores: STORES });
    await device.inbox.more("archive");
    await room.act(`notifications/${a}/pin`);
    await room.act(`notifications/${b}/read`);
    await room.act(`notifications/${c}/archive`);
    await until(async () => device.ids("archive").includes(c));
    expect(device.ids()).toEqual([a, b]);
    expect(device.items()).toMatchObject([{ is_pinned: true }, { read_on: expect.any(Number) as number }]);
    expect(device.inbox.getState().stores.all?.unread).toBe(1);
    expect(device.said.updated.flatMap(({ items }) => items.map(({ n_id }) => n_id))).toEqual([a, b, c]);
    expect(device.said.new).toEqual([]);
  });

  it("says why it could not be loaded, and comes when the network does", async ({ room }) => {
    const [id] = await room.deliver({});
    const device = room.addDevice();
    device.network.cut();
    device.inbox.start();
    await until(async () => device.inbox.getState().stores.all?.status === "error");
    expect(device.inbox.getState()).toMatchObject({
      connection: "offline",
      error: { code: "network", message: "the server cannot be reached", status: 0 },
    });
    device.network.mend();
    await device.inbox.refresh();
    await device.settled();
    expect(device.ids()).toEqual([id]);
    expect(device.inbox.getState().error).toBeNull();
  });
});

describe("an action", () => {
  it.for<[action: "read" | "archive" | "pin" | "interacted", back: object]>([
    ["read", { read_on: null, archived: false }],
    ["archive", { archived: false }],
    ["pin", { is_pinned: false }],
    ["interacted", { read_on: null }],
  ])("%s shows at once, reaches the server, and is undone to what was", async ([action, back], { room }) => {
    const [id = ""] = await room.deliver({ message: { is_pinned: action === "read" } });
    const device = await room.start({ stores: STORES });
    await device.inbox.more("archive");
    const [before] = await room.list();
    const { done, undo } = device.inbox[action](id);
    const shown = [...device.items(), ...device.items("archive")];
    expect(shown[0]).not.toMatchObject(back);
    expect(await done).toEqual({ status: "done" });
    await device.settled();
    const all = [...(await room.list()), ...(await room.list({ archived: true }))];
    const here = () => [...device.items(), ...device.items("archive")];
    // What is confirmed shows as it was done until the change itself comes.
    await until(async () => here()[0]?.seq === all[0]?.seq);
    expect(here()).toEqual(all);
    undo();
    await device.settled();
    expect(await room.list()).toMatchObject([{ n_id: id, is_pinned: before?.is_pinned, ...back }]);
    await until(async () => device.items()[0]?.seq === (await room.list())[0]?.seq);
    expect(device.items()).toEqual(await room.list());
  });

  it("that changes nothing costs nothing", async ({ room }) => {
    const [id = ""] = await room.deliver({});
    const device = await room.start();
    await device.inbox.read(id).done;
    const { length } = device.network.requests;
    expect(await device.inbox.read(id).done).toEqual({ status: "done" });
    expect(await device.inbox.seen([id]).done).toEqual({ status: "done" });
    expect(device.network.requests.slice(length).filter((request) => !request.startsWith("GET"))).toEqual([]);
  });

  it("that is refused is rolled back, and says why", async ({ room }) => {
    const [id = ""] = await room.deliver({ message: { is_pinned: true } });
    const device = await room.start();
    const { done } = device.inbox.read("01UNKNOWN");
    expect(await done).toMatchObject({ status: "refused", error: { code: "not_found", status: 404 } });
    device.network.intercept = (url) =>
      url.pathname.endsWith("/unpin")
        ? Response.json(
            { status: "error", error: { type: "permission_denied", message: "no" } },
            { status: 403 },
          )
        : undefined;
    const unpin = device.inbox.unpin(id);
    const archive = device.inbox.archive(id);
    expect(await unpin.done).toEqual({
      status: "refused",
      error: { code: "permission_denied", message: "no", status: 403 },
    });
    expect(device.said.error.at(-1)).toMatchObject({ action: "unpin", ids: [id], code: "permission_denied" });
    expect(await archive.done).toEqual({ status: "done" });
    await device.settled();
    expect(await room.list()).toEqual([]);
  });

  it("that was undone before it was sent never reaches the server", async ({ room }) => {
    const [id = ""] = await room.deliver({});
    const device = await room.start();
    device.network.cut();
    const opened = device.inbox.opened();
    const { done, undo } = device.inbox.archive(id);
    expect(device.ids()).toEqual([]);
    undo();
    expect(device.ids()).toEqual([id]);
    device.network.mend();
    await device.inbox.refresh();
    await opened.done;
    expect(await done).toEqual({ status: "undone" });
    await device.settled();
    expect(device.network.requests.some((request) => request.includes("archive"))).toBe(false);
    const [item] = await room.list();
    expect(device.items()).toEqual([item]);
  });

  it("of the whole inbox is undone for what was not loaded too", async ({ room }) => {
    const ids = await room.deliver({}, {}, {}, {}, {});
    await room.act(`notifications/${ids[0]}/read`);
    const device = await room.start({ pageSize: 2, stores: STORES });
    expect(device.inbox.getState()).toMatchObject({ badge: 5, stores: { all: { unread: 4 } } });
    const { done, undo } = device.inbox.readAll();
    expect(device.inbox.getState()).toMatchObject({
      badge: 0,
      stores: { all: { unread: 0 }, unread: { unread: 0 } },
    });
    await done;
    await device.settled();
    await until(async () => device.inbox.getState().stores.all?.unread === 0);
    expect((await room.list({ read: false })).length).toBe(0);
    await until(async () => device.said.updated.length > 0);
    undo();
    await device.settled();
    await until(async () => device.inbox.getState().stores.all?.unread === 4);
    expect((await room.list({ read: false })).map(({ n_id }) => n_id).sort()).toEqual(ids.slice(1).sort());
  });

  it("of the whole inbox is undone also while it is on its way", async ({ room }) => {
    const ids = await room.deliver({}, {}, {}, {}, {});
    const device = await room.start({ pageSize: 2 });
    for (const action of ["readAll", "archiveAll"] as const) {
      const sent = device.network.requests.length;
      const { undo } = device.inbox[action]();
      await until(async () =>
        device.network.requests.slice(sent).some((request) => request.startsWith("PATCH")),
      );
      undo();
      await device.settled();
      await until(async () => {
        const unread = await room.list({ read: false });
        return unread.length === ids.length && device.inbox.getState().stores.all?.unread === ids.length;
      });
    }
  });

  it("opens the bell, here and on other devices", async ({ room }) => {
    const other = await room.start();
    const device = await room.start();
    await room.deliver({}, {});
    await until(async () => device.inbox.getState().badge === 2 && other.inbox.getState().badge === 2);
    await device.inbox.opened().done;
    expect(device.inbox.getState().badge).toBe(0);
    await until(async () => other.inbox.getState().badge === 0);
    await room.deliver({});
    await until(async () => device.inbox.getState().badge === 1 && other.inbox.getState().badge === 1);
  });

  it("snoozes an item, which comes back unread, at the top, as new", async ({ room }) => {
    const [a = "", b = ""] = await room.deliver({}, {});
    const device = await room.start();
    await device.inbox.read(a).done;
    await device.inbox.snooze(a, Date.now() + 1_500).done;
    expect(device.ids()).toEqual([b]);
    await until(async () => device.ids()[0] === a);
    expect(device.ids()).toEqual([a, b]);
    expect(device.items()[0]).toMatchObject({ read_on: null, snoozed_until: null });
    expect(device.said.new.map(({ items }) => items.map(({ n_id }) => n_id))).toEqual([[a]]);
  });
});

describe("the connection", () => {
  it("goes on from the last change that it knows: no gap, nothing twice", async ({ room }) => {
    const device = await room.start();
    const ids: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      device.network.cut();
      ids.push(...(await room.deliver({}, {})));
      device.network.mend();
      ids.push(...(await room.deliver({})));
      await until(async () => device.ids().length === ids.length);
    }
    expect(device.ids()).toEqual([...ids].reverse());
    const told = device.said.new.flatMap(({ items }) => items.map(({ n_id }) => n_id));
    expect(told.toSorted()).toEqual(ids.toSorted());
    const lists = device.network.requests.filter((request) => request === "GET /v1/feed/notifications");
    expect(lists).toHaveLength(1);
  });

  it("polls where streams do not get through", async ({ room }) => {
    const device = room.addDevice({ pollInterval: 50 });
    device.network.intercept = ({ pathname }) =>
      pathname === "/v1/feed/stream" ? new Response("blocked by policy", { status: 502 }) : undefined;
    device.inbox.start();
    await until(async () => device.inbox.getState().connection === "polling");
    const [id = ""] = await room.deliver({});
    await until(async () => device.ids().includes(id));
    await device.inbox.read(id).done;
    expect(device.said.new.flatMap(({ items }) => items.map(({ n_id }) => n_id))).toEqual([id]);
    const [truth] = await room.list();
    await until(async () => device.items()[0]?.seq === truth?.seq);
    expect(device.items()).toEqual([truth]);
  });

  it("begins again where the server cannot tell any more what changed", async ({ room, hub }) => {
    const [old = ""] = await room.deliver({}, {});
    const device = await room.start();
    device.network.cut();
    await until(async () => device.inbox.getState().connection === "offline");
    const [gone = "", kept = ""] = await room.deliver({}, {});
    // As retention does it.
    await hub.services.db.query("delete from inbox_item where id = any($1)", [[old, gone]]);
    await hub.services.db.query("update inbox_feed set forgotten_seq = seq where workspace_id = $1", [
      hub.workspace_id,
    ]);
    device.network.mend();
    await device.inbox.refresh();
    await until(async () => device.ids()[0] === kept);
    expect(device.items()).toEqual(await room.list());
    expect(device.ids()).not.toContain(old);
  });

  it("ends when the inbox stops, and goes on when it starts again", async ({ room }) => {
    const device = await room.start();
    device.inbox.stop();
    device.inbox.stop();
    expect(device.inbox.getState().connection).toBe("offline");
    const ids = await room.deliver({}, {});
    const { length } = device.network.requests;
    device.inbox.start();
    await until(async () => device.ids().length === ids.length);
    expect(device.network.requests.slice(length)).toEqual(["GET /v1/feed/stream"]);
  });
});

describe("an item that expires", () => {
  it("leaves the list and the count at its time", async ({ room }) => {
    const [id = ""] = await room.deliver({
      message: { is_expiry_enabled: true, expiry: { format: "relative", expiry_type: "fixed", value: "2s" } },
    });
    const device = await room.start();
    expect(device.ids()).toEqual([id]);
    await until(async () => device.ids().length === 0 && device.inbox.getState().stores.all?.unread === 0);
    expect(await room.list()).toEqual([]);
  });
});

describe("a token", () => {
  it("that expired is replaced, and what was asked for is answered", async ({ room }) => {
    await room.deliver({});
    let asked = 0;
    const device = await room.start({
      token: () => {
        asked += 1;
        // The first ends before a clock that is a minute slow would think so.
        return room.client.sign("ann", asked === 1 ? { exp: Math.floor(Date.now() / 1000) - 10 } : {});
      },
    });
    expect(device.ids()).toHaveLength(1);
    expect(asked).toBe(2);
  });

  it("of somebody else is refused, and the reason is in the state", async ({ room }) => {
    const device = room.addDevice({ token: () => room.client.sign("bob") });
    device.inbox.start();
    await until(async () => device.inbox.getState().stores.all?.status === "error");
    expect(device.inbox.getState().error).toMatchObject({ status: 403 });
  });
});
