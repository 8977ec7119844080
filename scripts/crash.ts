/**
 * `node scripts/crash.ts --kills 20`: kills API, workers and database with `kill -9` under a load of all kinds of
 * nodes, restarts them, and checks that nothing was lost and nothing was silently done twice. Between the kills come
 * other faults, a fifth as many of each unless told otherwise: `--absences <n>` of both workers, `--silences <n>` of
 * connections to the database, `--locks <n>` of tables. `--seed <n>` repeats the schedule of a run, `--clients <n>` is
 * the number of concurrent clients.
 */
import { parseArgs } from "node:util";
import { proveCrashes } from "./crash/proof.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "20" },
    absences: { type: "string" },
    silences: { type: "string" },
    locks: { type: "string" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    clients: { type: "string", default: "8" },
  },
});
const kills = countOf("kills", 0);
/** Refuses what is no number: the proof of no kills at all would be green. */
function countOf(name: "kills" | "absences" | "silences" | "locks", usual: number): number {
  const given = values[name];
  if (given === undefined) return usual;
  if (/^\d{1,6}$/.test(given)) return Number(given);
  throw new Error(`--${name} must be a whole number, but is ${JSON.stringify(given)}`);
}
const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort(new Error("interrupted")));
const proof = await proveCrashes({
  signal: interrupted.signal,
  faults: {
    kill: kills,
    absence: countOf("absences", Math.ceil(kills / 5)),
    silence: countOf("silences", Math.ceil(kills / 5)),
    lock: countOf("locks", Math.ceil(kills / 5)),
  },
  seed: Number(values.seed),
  clients: Number(values.clients),
  log: (line) => console.log(line),
});
const rows: [string, number][] = [
  ...Object.entries(proof.counts),
  ["seconds of silence until a trigger was accepted", proof.seconds_of_silence],
  ["seconds until the dead had successors", proof.seconds_to_continuation],
  ["seconds until nothing was under way", proof.seconds_to_rest],
];
const width = Math.max(...rows.map(([name]) => name.length));
console.log();
for (const [name, value] of rows) {
  console.log(`  ${name.padEnd(width)}  ${Number.isInteger(value) ? value : value.toFixed(1)}`);
}
if (proof.problems.length > 0) {
  console.error(`\n${proof.problems.length} broken promises with --seed ${values.seed}:`);
  for (const problem of proof.problems.slice(0, 50)) console.error(`- ${problem}`);
  process.exit(1);
}
console.log("\nNothing was lost, and nothing was done twice in silence.");
