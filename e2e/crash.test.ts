import { expect, it } from "vitest";
import { proveCrashes } from "../scripts/crash/proof.ts";

/** The short form of `node scripts/crash.ts --kills 20`. */
const SECONDS = 120;

it(
  "loses nothing that had a 202, and does nothing twice in silence, when API, worker and database are killed",
  async () => {
    const lines: string[] = [];
    const proof = await proveCrashes({ kills: 3, seed: 7, clients: 4, log: (line) => lines.push(line) });
    expect(proof.problems, lines.join("\n")).toEqual([]);
    expect(proof.counts["202s"]).toBeGreaterThan(50);
    expect(lines.filter((line) => line.startsWith("kill"))).toHaveLength(3);
  },
  SECONDS * 1000,
);
