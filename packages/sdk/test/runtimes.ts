import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { tool } from "../../../scripts/run-steps.ts";

/*
 * `node packages/sdk/test/runtimes.ts`: the package's test with the runtimes that the SDK promises to work in. They come
 * from npm's registry, 300 MB of them, which is why this is no part of `npm test`.
 */
const run = promisify(execFile);
const RUNTIMES = {
  node18: "npm:node@18.20.8",
  node20: "npm:node@20.19.5",
  node22: "npm:node@22.20.0",
  bun: "1.4.5",
  deno: "2.9.6",
};

const folder = await mkdtemp(join(tmpdir(), "carillon-runtimes-"));
try {
  await writeFile(join(folder, "package.json"), JSON.stringify({ dependencies: RUNTIMES }));
  await run("npm", ["install", "--no-audit", "--no-fund"], { cwd: folder });
  const paths: string[] = [];
  for (const name of Object.keys(RUNTIMES)) {
    const path = name.startsWith("node") ? `${name}/bin/node` : `.bin/${name}`;
    paths.push(join(folder, "node_modules", path));
    const { stdout } = await run(paths.at(-1) ?? "", ["--version"]);
    console.log(`${name}: ${stdout.split("\n")[0] ?? ""}`);
  }
  const env = { SDK_RUNTIMES: paths.join(":") };
  process.exitCode = await tool("vitest", ["run", "packages/sdk/test/package.test.ts"], env);
} finally {
  await rm(folder, { recursive: true, force: true });
}
