import fc from "fast-check";
import { expect } from "vitest";
import { until } from "../../server/test/harness.ts";
import type { Inbox, InboxOptions, Item, Store } from "../src/core/types.ts";
import type { Device, Room } from "./devices.ts";

/* What several devices of one person go through, and that all of them end as the server is. */

export const STORES: Store[] = [
  { id: "all" },
  { id: "unread", query: { read: false } },
  { id: "archive", query: { archived: true } },
];

/** What a person does on a device, to the item at a place among those it knows. */
export const DEEDS = [
  "read",
  "unread",
  "archive",
  "unarchive",
  "pin",
  "unpin",
  "snooze",
  "unsnooze",
  "interacted",
] as const;
export type Deed = (typeof DEEDS)[number] | "readAll" | "opened" | "undo";

/** Far enough that none comes back during a test. */
const TOMORROW = 86_400_000;

export function act(
  { inbox }: Device,
  deed: Deed,
  ids: readonly string[],
  place: number,
  undos: (() => void)[],
): void {
  const id = ids[place % Math.max(1, ids.length)];
  if (deed === "readAll" || deed === "opened") undos.push(inbox[deed]().undo);
  else if (deed === "undo") undos.pop()?.();
  else if (id !== undefined) {
    const until = Date.now() + TOMORROW;
    undos.push(deed === "snooze" ? inbox.snooze(id, until).undo : inbox[deed](id).undo);
  }
}

/** Loads every list to its end. */
export async function loadAll({ inbox }: { inbox: Inbox }): Promise<void> {
  for (const { id } of STORES) while (inbox.getState().stores[id]?.hasMore === true) await inbox.more(id);
}

export async function expectSame(room: Room, devices: readonly Device[]): Promise<void> {
  for (const device of devices) {
    device.network.mend();
    await device.inbox.refresh();
  }
  for (const device of devices) await device.settled();
  const lists: Record<string, Item[]> = {};
  for (const { id, query } of STORES) lists[id] = await room.list(query);
  const counts = Object.fromEntries(
    STORES.map(({ id }) => [id, lists[id]?.filter(({ read_on }) => read_on === null).length]),
  );
  for (const device of devices) {
    await device.inbox.refresh();
    await loadAll(device);
    await until(async () => {
      await device.inbox.refresh();
      return STORES.every(({ id }) => JSON.stringify(device.items(id)) === JSON.stringify(lists[id]));
    }).catch(() => {
      for (const { id } of STORES) expect(device.items(id), `list ${id}`).toEqual(lists[id]);
    });
    const { stores, pending } = device.inbox.getState();
    expect(pending).toBe(0);
    expect(Object.fromEntries(STORES.map(({ id }) => [id, stores[id]?.unread]))).toEqual(counts);
  }
}

/** Delivered items are announced once in each device, whatever was cut. */
export function expectEachNewOnce({ said }: Device): void {
  const ids = said.new.flatMap(({ items }) => items.map(({ n_id }) => n_id));
  expect(new Set(ids).size).toBe(ids.length);
}

export type Step =
  | { what: "deed"; device: number; deed: Deed; place: number }
  | { what: "deliver"; count: number; is_pinned: boolean }
  | { what: "cut" | "mend" | "lose answer" | "turn off" | "more"; device: number };

const device = fc.nat(2);
export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      what: fc.constant("deed" as const),
      device,
      deed: fc.constantFrom<Deed[]>(...DEEDS, ...DEEDS, "readAll", "opened", "undo", "undo"),
      place: fc.nat(1_000),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constant("deliver" as const),
      count: fc.integer({ min: 1, max: 3 }),
      is_pinned: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constantFrom(
        "cut" as const,
        "mend" as const,
        "mend" as const,
        "lose answer" as const,
        "more" as const,
        "turn off" as const,
      ),
      device,
    }),
  },
);

/** Three devices, of which one polls. */
export function startThree(room: Room): Promise<Device[]> {
  const common: Partial<InboxOptions> = { stores: STORES, pageSize: 3 };
  const poll: Partial<InboxOptions> = { ...common, realtime: "poll", pollInterval: 200 };
  return Promise.all([common, common, poll].map((options) => room.start(options)));
}

/** Does the steps in turn; `ids` grows by what is delivered. */
export async function goThrough(
  steps: readonly Step[],
  {
    room,
    devices,
    ids,
    undos,
  }: { room: Room; devices: readonly Device[]; ids: string[]; undos: (() => void)[][] },
): Promise<void> {
  for (const step of steps) {
    if (step.what === "deliver") {
      const { count, is_pinned } = step;
      ids.push(...(await room.deliver(...Array.from({ length: count }, () => ({ message: { is_pinned } })))));
      continue;
    }
    const one = devices[step.device] as Device;
    switch (step.what) {
      case "deed":
        act(one, step.deed, ids, step.place, undos[step.device] ?? []);
        break;
      case "cut":
        one.network.cut();
        break;
      case "mend":
        one.network.mend();
        await one.inbox.refresh();
        break;
      case "lose answer":
        one.network.loseAnswer();
        break;
      case "more":
        void one.inbox.more("unread");
        break;
      case "turn off":
        one.inbox.stop();
        one.inbox.start();
        break;
    }
  }
}
