import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const src = fileURLToPath(new URL("../src/", import.meta.url));
/** The one file that may need Node, and the doors that hand it to the engines. */
const FOR_NODE = new Set(["node.ts", "jq/node.ts", "jsonnet/node.ts"]);

async function portableSources(): Promise<string[]> {
  const names = await readdir(src, { recursive: true });
  return names.filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts") && !FOR_NODE.has(name));
}

it("has nothing of Node outside of the file for Node", async () => {
  const found: string[] = [];
  for (const name of await portableSources()) {
    const code = withoutComments(await readFile(join(src, name), "utf8"));
    const [word] = /"node:|\b(?:Buffer|process|require|__dirname|setImmediate)\b/.exec(code) ?? [];
    if (word !== undefined) found.push(`${name}: ${word}`);
  }
  expect(found).toEqual([]);
});

it("imports the file for Node from its doors for Node alone", async () => {
  const importers: string[] = [];
  for (const name of await portableSources()) {
    if (/from "[./]*\/node\.ts"/.test(await readFile(join(src, name), "utf8"))) importers.push(name);
  }
  expect(importers).toEqual([]);
});

it("reads no clock but for the budgets of time, and what an expression is to see as now", async () => {
  const readers: string[] = [];
  for (const name of await portableSources()) {
    const code = withoutComments(await readFile(join(src, name), "utf8"));
    if (/Date\.now|performance\.now|new Date\(\)/.test(code)) readers.push(name);
  }
  expect(readers.toSorted()).toEqual(["jq/index.ts", "jsonnet/runtime.ts"]);
});

function withoutComments(code: string): string {
  return code.replaceAll(/\/\*[^]*?\*\//g, "").replaceAll(/^\s*\/\/.*$/gm, "");
}
