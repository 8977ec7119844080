import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { DASHBOARD_DIST, ensureDashboard } from "../../scripts/build-dashboard.ts";

/** What the first page costs, in bytes on the wire. */
const MOST_SCRIPT = 200_000;
const MOST_STYLE = 25_000;
/** What any other page may add, and an editor. */
const MOST_CHUNK = 60_000;
const MOST_EDITOR = 210_000;

const assets = join(DASHBOARD_DIST, "assets");
let html: string;
beforeAll(async () => {
  await ensureDashboard();
  html = await readFile(join(DASHBOARD_DIST, "index.html"), "utf8");
});

const sizeOf = async (name: string) => (await stat(join(assets, `${name}.gz`))).size;

/** The assets that the page names itself, by their kind. */
const named = (kind: string) =>
  [...html.matchAll(/(?:src|href)="\/assets\/([^"]+)"/g)].flatMap(([, name = ""]) =>
    name.endsWith(kind) ? [name] : [],
  );

/** With what the entry imports at once. */
async function initialScripts(): Promise<Set<string>> {
  const found = new Set<string>();
  const left = named(".js");
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    const text = await readFile(join(assets, name), "utf8");
    for (const [, other = ""] of text.matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g)) left.push(other);
  }
  return found;
}

describe("the built dashboard", () => {
  it("costs at most 200 KB of script and 25 KB of style before the first page", async () => {
    let script = 0;
    for (const name of await initialScripts()) script += await sizeOf(name);
    let style = 0;
    for (const name of named(".css")) style += await sizeOf(name);
    console.log(`dashboard: ${script} B of script, ${style} B of style, gzip`);
    expect(script).toBeGreaterThan(10_000);
    expect(script).toBeLessThanOrEqual(MOST_SCRIPT);
    expect(style).toBeLessThanOrEqual(MOST_STYLE);
  });

  it("adds at most 60 KB for a page, and 210 KB for an editor", async () => {
    const initial = await initialScripts();
    const large: string[] = [];
    for (const name of await readdir(assets)) {
      if (!name.endsWith(".js") || initial.has(name)) continue;
      const limit = name.startsWith("json-editor") ? MOST_EDITOR : MOST_CHUNK;
      if ((await sizeOf(name)) > limit) large.push(`${name}: ${await sizeOf(name)}`);
    }
    expect(large).toEqual([]);
  });

  it("has no inline script or style, and each asset also compressed", async () => {
    expect(html).not.toMatch(/<style|style=|<script(?![^>]*src=)/);
    const names = await readdir(assets);
    for (const name of names.filter((one) => /\.(?:js|css)$/.test(one))) {
      expect(names).toContain(`${name}.br`);
      expect(names).toContain(`${name}.gz`);
    }
  });
});
