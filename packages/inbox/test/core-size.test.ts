import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type OutputChunk } from "rolldown";
import { describe, expect, it } from "vitest";

const CORE = fileURLToPath(new URL("../src/core/", import.meta.url));
/** faces.md 14: what a page loads for the headless core. */
const CORE_BYTES = 8 * 1024;
/** With what `start()` loads: the connection, the outbox, the tabs. */
const LIVE_BYTES = 11 * 1024;
/** What is loaded when a page wants it: badge, storage, sound, preferences, push. */
const RARE = /\/(?:badge|storage|player|preference-desk|push-desk)\.ts$/;

/** Of the part of the program that is one file then, minified and compressed. */
async function weigh(file: string, later: RegExp): Promise<{ bytes: number; imports: string[] }> {
  const { output } = await build({
    input: `${CORE}${file}`,
    platform: "browser",
    logLevel: "warn",
    write: false,
    external: (id, importer) => importer !== undefined && later.test(`/${id}`),
    output: { format: "esm", minify: true, codeSplitting: false },
  });
  const [{ code, imports }] = output as [OutputChunk];
  return { bytes: gzipSync(code, { level: 9 }).length, imports };
}

describe("the core", () => {
  it("fits its budget, and imports nothing from elsewhere", async () => {
    const { bytes, imports } = await weigh("create-inbox.ts", new RegExp(`${RARE.source}|/live\\.ts$`));
    expect(bytes).toBeLessThanOrEqual(CORE_BYTES);
    expect(imports).toEqual([]);
  });

  it("fits its budget with what start() loads", async () => {
    expect((await weigh("create-inbox.ts", RARE)).bytes).toBeLessThanOrEqual(LIVE_BYTES);
  });

  it("does nothing at import, and needs no browser for it", async () => {
    const door = (await import("../src/index.ts")) as object;
    expect(Object.keys(door).toSorted()).toEqual(["createInbox", "linkOf", "parseMarkdown", "safeHref"]);
  });
});
