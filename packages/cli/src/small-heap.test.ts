import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const MODULE = fileURLToPath(new URL("./small-heap.ts", import.meta.url));
const SCRIPT = `import { useSmallHeap } from ${JSON.stringify(MODULE)};
useSmallHeap();
console.log(JSON.stringify({ flags: process.execArgv.filter((flag) => /^--.*(?:heap|semi)/.test(flag)), given: process.argv.slice(1) }));`;

async function start(options: string, args: string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module-typescript", "--eval", SCRIPT, "--", ...args],
    { env: { ...process.env, NODE_OPTIONS: options } },
  );
  return JSON.parse(stdout);
}

describe.skipIf(process.platform === "win32")("useSmallHeap", () => {
  it("starts the process anew, once, with the same arguments", async () => {
    expect(await start("", ["start", "--port", "0"])).toEqual({
      flags: ["--max-semi-space-size=16", "--heap-growing-percent=30"],
      given: ["start", "--port", "0"],
    });
  });

  it("leaves a heap alone whose size was set by hand", async () => {
    expect(await start("--max-semi-space-size=64", ["start"])).toEqual({ flags: [], given: ["start"] });
  });
});
