import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { OutputChunk } from "rolldown";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../../packages/server/test/temporary-folder.ts";
import { bundleElement, bundleInbox, INBOX, inboxStyles } from "../../scripts/build-inbox.ts";

/** What a page loads for the inbox, in bytes of gzip. React is the application's own. */
let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder("inbox-size");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const zipped = (text: string) => gzipSync(text, { level: 9 }).length;

/** The code that a module needs at once: its own, and what it imports other than later. */
function codeOf(chunks: readonly OutputChunk[], entry: string): { code: string; files: Set<string> } {
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const files = new Set([entry]);
  for (const name of files)
    for (const next of byName.get(name)?.imports ?? []) if (byName.has(next)) files.add(next);
  return { code: [...files].map((name) => byName.get(name)?.code ?? "").join(""), files };
}

/** Of a page's module that has this in it. */
async function sizeOf(module: string): Promise<number> {
  const entry = join(folder, "page.ts");
  await writeFile(entry, module.replaceAll("INBOX", INBOX));
  const chunks = await bundleInbox({ folder: null, doors: { page: entry }, react: "external" });
  return zipped(codeOf(chunks, "page.js").code);
}

const CORE = `export { createInbox } from "INBOX/src/index.ts";`;
const react = (names: string) => `${CORE} export { ${names} } from "INBOX/src/react.ts";`;

describe("the inbox of a page", () => {
  it("by React is its core, bell, panel, toasts and styles in 18 KB, and 6 KB more with the preferences", async () => {
    const styles = zipped(await inboxStyles());
    const inbox = await sizeOf(react("InboxProvider, Inbox, Toaster"));
    expect(inbox + styles).toBeLessThan(18_000);
    expect((await sizeOf(react("InboxProvider, Inbox, Toaster, Preferences"))) - inbox).toBeLessThan(6_000);
    // A feed of its own is not loaded later.
    const all = await sizeOf(react("InboxProvider, Inbox, Bell, Feed, Item, Tabs, Toaster, Preferences"));
    expect(all + styles).toBeLessThan(28_000);
  });

  it("by an element is 24 KB, and panel, toasts, preferences and languages come when they are wanted", async () => {
    const chunks = await bundleElement(null);
    const { code, files } = codeOf(chunks, "element.js");
    expect(zipped(code)).toBeLessThan(24_000);
    for (const later of ["Benachrichtigungen", "Microsoft Teams", "datetime-local"]) {
      expect(code.includes(later), later).toBe(false);
      expect(chunks.some((chunk) => chunk.code.includes(later))).toBe(true);
    }
    const rest = chunks.filter(({ fileName }) => !files.has(fileName));
    expect(rest.length).toBeGreaterThanOrEqual(30);
    for (const chunk of rest) expect(zipped(chunk.code)).toBeLessThan(10_000);
  });
});
