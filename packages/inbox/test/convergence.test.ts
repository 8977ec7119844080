import fc from "fast-check";
import { describe, expect } from "vitest";
import { onRoom as it } from "./devices.ts";
import {
  act,
  anyStep,
  DEEDS,
  type Deed,
  expectEachNewOnce,
  expectSame,
  goThrough,
  loadAll,
  startThree,
  STORES,
} from "./storm.ts";

/* Devices that are cut off, lose answers and are used meanwhile. */

describe("two devices", () => {
  it("that were offline with fifty changes each end in the server's state", async ({ room }) => {
    const random = fc.sample(
      fc.record({
        deed: fc.constantFrom<Deed[]>(...DEEDS, "undo"),
        place: fc.nat(1_000),
        which: fc.boolean(),
      }),
      { numRuns: 100, seed: 14 },
    );
    await room.deliver(...Array.from({ length: 30 }, () => ({})));
    const devices = [await room.start({ stores: STORES }), await room.start({ stores: STORES })] as const;
    for (const device of devices) await loadAll(device);
    const ids = devices[0].ids();
    for (const { network } of devices) network.cut();
    await room.deliver(...Array.from({ length: 5 }, () => ({})));
    const undos: (() => void)[][] = [[], []];
    for (const { deed, place, which } of random) {
      const at = Number(which);
      act(devices[at as 0 | 1], deed, ids, place, undos[at] ?? []);
    }
    for (const { inbox } of devices) expect(inbox.getState().pending).toBeGreaterThan(10);
    await expectSame(room, devices);
    devices.forEach(expectEachNewOnce);
  });
});

describe("three devices", () => {
  it("end in the server's state, whatever is done and cut", async ({ room }) => {
    await room.deliver(...Array.from({ length: 8 }, () => ({})));
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 20, maxLength: 60 }), async (steps) => {
        const devices = await startThree(room);
        const ids = (await room.list()).map(({ n_id }) => n_id);
        await goThrough(steps, { room, devices, ids, undos: [[], [], []] });
        await expectSame(room, devices);
        devices.forEach(expectEachNewOnce);
        for (const { inbox } of devices) inbox.stop();
      }),
      { numRuns: 4, endOnFailure: true },
    );
  });
});
