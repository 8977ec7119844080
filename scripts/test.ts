/**
 * `npm test`: the static checks, then every test. With arguments: only the tests they name, no checks. The last line
 * counts tests for tools that parse it.
 */
import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureDashboard } from "./build-dashboard.ts";
import { tool } from "./run-steps.ts";

const only = process.argv.slice(2);
// Once, and not by each of the files that open it at the same time.
if (only.length === 0) await ensureDashboard();
const report = join(tmpdir(), `carillon-test-report-${process.pid}.json`);
if (only.length === 0 && (await tool("node", ["scripts/check.ts"])) !== 0) process.exit(1);
const code = await tool("vitest", [
  "run",
  "--reporter=default",
  "--reporter=json",
  `--outputFile.json=${report}`,
  ...only,
]);
const counts = await readFile(report, "utf8").then(
  (text) =>
    JSON.parse(text) as { numPassedTests: number; numFailedTests: number; numFailedTestSuites: number },
  () => ({ numPassedTests: 0, numFailedTests: 1, numFailedTestSuites: 1 }),
);
await rm(report, { force: true });
// A file that fails to load has no tests to count.
const failed = Math.max(counts.numFailedTests, code === 0 ? 0 : 1);
console.log(`${counts.numPassedTests} passed, ${failed} failed`);
process.exit(failed > 0 || counts.numPassedTests === 0 ? 1 : 0);
