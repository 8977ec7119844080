import { createInbox } from "../src/core/create-inbox.ts";
import type { Inbox, InboxEvents, InboxOptions, Item } from "../src/core/types.ts";
import type { Client } from "../../server/test/client/client.ts";
import { onServer } from "../../server/test/fixture.ts";
import { type Harness, until } from "../../server/test/harness.ts";
import type { Hub } from "../../server/test/hub.ts";
import { type SeededItem, seedItems } from "../../server/test/inbox/seed-items.ts";
import { findFeed } from "../../server/src/inbox/feeds.ts";
import { createNetwork, type Network } from "./network.ts";

/** A device of Ann's: an inbox of its own, with a network of its own. */
export interface Device {
  inbox: Inbox;
  network: Network;
  /** What it said, in order. */
  said: { [K in keyof InboxEvents]: InboxEvents[K][] };
  items: (store?: string) => readonly Item[];
  ids: (store?: string) => string[];
  /** Waits until it is live and everything it did is confirmed. */
  settled: () => Promise<void>;
}

/** Ann's inbox on a real server, and devices that show it; they are stopped after the test. */
export interface Room {
  client: Client;
  addDevice: (options?: Partial<InboxOptions>) => Device;
  /** The same, started and loaded. */
  start: (options?: Partial<InboxOptions>) => Promise<Device>;
  /** Items as if they had been delivered, the oldest first; returns their ids. */
  deliver: (...items: SeededItem[]) => Promise<string[]>;
  /** As the server has them now. */
  list: (query?: object) => Promise<Item[]>;
  act: (path: string, body?: object) => Promise<void>;
}

export const HOST = "http://carillon.test";

export function createRoom(
  hub: Hub,
  client: Client,
  harness: Pick<Harness, "url">,
): Room & { close: () => void } {
  const devices: Inbox[] = [];
  const { db, announce } = hub.services;
  const person = { workspace_id: hub.workspace_id, distinct_id: "ann", tenant_id: "default" };
  const who = "distinct_id=ann&tenant_id=default";

  function addDevice(options: Partial<InboxOptions> = {}): Device {
    const network = createNetwork(() => harness.url);
    const inbox = createInbox({
      host: HOST,
      publicKey: client.publicKey,
      distinctId: "ann",
      token: () => client.sign("ann"),
      // Devices in one process are not tabs of one browser.
      shareTabs: false,
      fetch: network.fetch,
      ...options,
    });
    devices.push(inbox);
    const said: Device["said"] = { new: [], updated: [], action: [], error: [] };
    inbox.on("new", (detail) => said.new.push(detail));
    inbox.on("updated", (detail) => said.updated.push(detail));
    inbox.on("action", (detail) => said.action.push(detail));
    inbox.on("error", (detail) => said.error.push(detail));
    const items = (store = inbox.stores[0]?.id ?? "") => inbox.getState().stores[store]?.items ?? [];
    return {
      inbox,
      network,
      said,
      items,
      ids: (store) => items(store).map(({ n_id }) => n_id),
      settled: async () => {
        await until(async () => {
          const { connection, pending } = inbox.getState();
          return connection !== "offline" && pending === 0;
        });
      },
    };
  }

  return {
    client,
    addDevice,
    async start(options) {
      const device = addDevice(options);
      device.inbox.start();
      await device.settled();
      return device;
    },
    deliver: async (...items) => seedItems(db, (await findFeed(db, person)).key, items, announce),
    async list(query = {}) {
      const store = encodeURIComponent(JSON.stringify({ store_id: "s", query }));
      const all: Item[] = [];
      for (;;) {
        const last = all.at(-1);
        const after = JSON.stringify(last === undefined ? [] : [last.is_pinned, last.created_on]);
        const { json } = await client.call(
          "GET",
          `/v1/feed/notifications?${who}&page_size=100&store=${store}&search_after=${encodeURIComponent(after)}`,
        );
        const { results, meta } = json as { results: Item[]; meta: { has_more: boolean } };
        all.push(...results);
        if (!meta.has_more) return all;
      }
    },
    async act(path, body = {}) {
      const { status, text } = await client.call("PATCH", `/v1/feed/${path}?${who}`, { body });
      if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
    },
    close() {
      for (const inbox of devices) inbox.stop();
    },
  };
}

export const onRoom = onServer.extend<{ $test: { room: Room } }>({
  room: async ({ hub, client, harness }, use) => {
    const room = createRoom(hub, client, harness);
    await use(room);
    room.close();
  },
});
