import { expect, it } from "vitest";
import { JOURNEYS } from "../scripts/crash/journeys.ts";
import { proveCrashes } from "../scripts/crash/proof.ts";

/** The short form of `node scripts/crash.ts --kills 20`. */
const SECONDS = 300;
const FAULTS = { kill: 3, absence: 1, silence: 1, lock: 1 };

it(
  "loses nothing that had a 202, and does nothing silently twice, when API, worker and database are killed, cut off or locked inside all kinds of nodes",
  async () => {
    const lines: string[] = [];
    const proof = await proveCrashes({
      faults: FAULTS,
      seed: 7,
      clients: 4,
      log: (line) => lines.push(line),
    });
    expect(proof.problems, lines.join("\n")).toEqual([]);
    // Journeys take turns: each was begun several times.
    expect(proof.counts["202s"]).toBeGreaterThan(5 * JOURNEYS.length);
    const met = (fault: RegExp) => lines.filter((line) => fault.test(line)).length;
    expect([met(/^kill/), met(/^silence/), met(/^lock/)]).toEqual([4, 1, 1]);
  },
  SECONDS * 1000,
);
