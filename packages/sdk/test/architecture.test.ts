import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const src = fileURLToPath(new URL("../src/", import.meta.url));
const files = (await readdir(src, { recursive: true })).filter((name) => name.endsWith(".ts"));
/** Hashes, which Web Crypto has too late (promises) or not at all (MD5). */
const LIBRARY = /^@noble\/hashes\//;
/** Room → those whose files it may import. A file at the top is a room of its own. */
const MAY_KNOW: Record<string, string[]> = {
  platform: [],
  generated: [],
  "wire.ts": ["generated"],
  core: ["platform", "generated", "wire.ts"],
  "define-workflow.ts": ["core", "wire.ts"],
  management: ["core", "wire.ts", "define-workflow.ts"],
  resources: ["core", "management", "wire.ts", "define-workflow.ts"],
  "tokens.ts": ["core"],
  "webhooks.ts": ["core"],
  "carillon.ts": ["core", "management", "resources"],
  suprsend: ["core", "resources", "carillon.ts", "wire.ts"],
};

const roomOf = (file: string) => file.split("/")[0] ?? "";

async function importsOf(file: string): Promise<string[]> {
  const text = await readFile(join(src, file), "utf8");
  return [...text.matchAll(/^(?:import|export)\b[^;]*?\bfrom "([^"]+)";$/gm)].map(([, from = ""]) => from);
}

it("depends on nothing of the workspace, and on Node in the files for Node", async () => {
  const wrong: string[] = [];
  for (const file of files) {
    for (const from of await importsOf(file)) {
      const isOwn =
        from.startsWith(".") && !relative(src, resolve(join(src, dirname(file)), from)).startsWith("..");
      const isAllowed = from.startsWith("node:") && file.startsWith("platform/node");
      if (!isOwn && !isAllowed && from !== "#platform" && !LIBRARY.test(from))
        wrong.push(`${file} → ${from}`);
    }
  }
  expect(wrong).toEqual([]);
});

it("has rooms that know only those before them", async () => {
  const wrong: string[] = [];
  for (const file of files) {
    if (file === "index.ts") continue;
    const allowed = MAY_KNOW[roomOf(file)];
    for (const from of (await importsOf(file)).filter((one) => one.startsWith("."))) {
      const to = roomOf(relative(src, resolve(join(src, dirname(file)), from)));
      if (to !== roomOf(file) && allowed?.includes(to) !== true) wrong.push(`${file} → ${from}`);
    }
  }
  expect(wrong).toEqual([]);
});

it("lists at most twenty names in a folder", async () => {
  for (const folder of ["core", "management", "resources", "suprsend"]) {
    expect((await readdir(join(src, folder))).length, folder).toBeLessThanOrEqual(20);
  }
});
