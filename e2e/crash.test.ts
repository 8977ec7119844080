import { expect, it } from "vitest";
import { JOURNEYS } from "../scripts/crash/journeys.ts";
import { proveCrashes } from "../scripts/crash/proof.ts";

/** The short form of `node scripts/crash.ts --kills 20`. */
const SECONDS = 240;

it(
  "loses nothing that had a 202, and does nothing silently twice, when API, worker and database are killed inside all kinds of nodes",
  async () => {
    const lines: string[] = [];
    const proof = await proveCrashes({ kills: 3, seed: 7, clients: 4, log: (line) => lines.push(line) });
    expect(proof.problems, lines.join("\n")).toEqual([]);
    // Journeys take turns: each was begun several times.
    expect(proof.counts["202s"]).toBeGreaterThan(5 * JOURNEYS.length);
    expect(lines.filter((line) => line.startsWith("kill"))).toHaveLength(3);
  },
  SECONDS * 1000,
);
