/**
 * `npm run bench [-- scenario …] [--scale 0.2] [--write]`: measures the hot paths on this machine, next to bare
 * yardsticks in the same run. Embedded PostgreSQL with fsync on; load, server and database share the cores. `--write`
 * writes the table to docs/benchmarks.md.
 */
import { rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startEmbeddedPostgres } from "../src/db/embedded.ts";
import { temporaryFolder } from "../test/temporary-folder.ts";
import type { Row } from "./measure.ts";
import { describeMachine, scenarios } from "./scenarios.ts";
import { runYardsticks } from "./yardsticks.ts";

const { values, positionals } = parseArgs({
  options: { scale: { type: "string", default: "1" }, write: { type: "boolean" } },
  allowPositionals: true,
});
const scale = Number(values.scale);
const known = ["yardsticks", ...scenarios.map(({ name }) => name)];
const unknown = positionals.filter((name) => !known.includes(name));
if (unknown.length > 0 || !(scale > 0)) {
  console.error(
    `bench: unknown ${unknown.join(", ") || `scale ${values.scale}`}. Scenarios: ${known.join(", ")}`,
  );
  process.exit(2);
}
const wanted = (name: string) => positionals.length === 0 || positionals.includes(name);

const folder = await temporaryFolder("bench");
const postgres = await startEmbeddedPostgres({ dataDir: folder, log: () => {} });
const rows: Row[] = [];
try {
  if (wanted("yardsticks")) rows.push(...(await runYardsticks(postgres.url, scale)));
  for (const scenario of scenarios) {
    if (!wanted(scenario.name)) continue;
    console.log(`${scenario.name} …`);
    rows.push(...(await scenario.run(postgres.url, scale)));
  }
} finally {
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

const INTRODUCTION = [
  "Load generator, server and embedded PostgreSQL (fsync on) share the machine.",
  "A notification is one message that reached its end; the end-to-end scenarios make two for each trigger, one of them an HTTP call.",
  "Latencies of accept and end to end are those of the 202; rows of accept are those of a trigger.",
].join(" ");

const machine = await describeMachine();
const table = render(rows);
console.log(`\n${machine}\n\n${table}`);
if (values.write === true) {
  const file = fileURLToPath(new URL("../../../docs/benchmarks.md", import.meta.url));
  await writeFile(
    file,
    `# Benchmarks\n\nWritten by \`npm run bench -- --write\`. ${INTRODUCTION}\n\n${machine}.\n\n${table}\n`,
  );
}

function render(list: Row[]): string {
  const number = (value: number | null, digits: number) =>
    value === null
      ? ""
      : value.toLocaleString("en", { maximumFractionDigits: digits, minimumFractionDigits: digits });
  const lines = list.map((row) =>
    [
      row.scenario,
      row.per_second === null ? "" : `${number(row.per_second, 0)} ${row.unit}/s`,
      number(row.p50_ms, 2),
      number(row.p99_ms, 2),
      number(row.peak_mb, 0),
      number(row.rows_per_notification, 2),
      row.floor,
    ].join(" | "),
  );
  return [
    "| scenario | throughput | p50 ms | p99 ms | peak MB | rows written per notification | floor |",
    "|---|---|---|---|---|---|---|",
    ...lines.map((line) => `| ${line} |`),
  ].join("\n");
}
