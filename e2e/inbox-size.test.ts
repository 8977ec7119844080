import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../packages/server/test/temporary-folder.ts";
import { bundleElement, bundleInbox, INBOX, inboxStyles } from "../scripts/build-inbox.ts";

/** What a page loads for the inbox, in bytes of gzip. React is the application's own. */
let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder("inbox-size");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const zipped = (text: string) => gzipSync(text, { level: 9 }).length;

/** Of a module that imports this and has everything else in it that it needs at once. */
async function sizeOf(imports: string): Promise<number> {
  const entry = join(folder, `${imports.length}.ts`);
  await writeFile(entry, imports.replaceAll("INBOX", INBOX));
  const chunks = await bundleInbox({
    folder: join(folder, "dist"),
    doors: { page: entry },
    react: "external",
  });
  return zipped(chunks.find((chunk) => chunk.isEntry)?.code ?? "");
}

describe("the inbox of a page", () => {
  it("by React costs what its components cost, and the preferences only whoever shows them", async () => {
    const core = await sizeOf(`export { createInbox } from "INBOX/src/index.ts";`);
    const components = "InboxProvider, Inbox, Bell, Feed, Item, Tabs, Toaster";
    const inbox = await sizeOf(`export { ${components} } from "INBOX/src/react.ts";`);
    const all = await sizeOf(`export { ${components}, Preferences } from "INBOX/src/react.ts";`);
    const styles = zipped(await inboxStyles());
    expect(inbox - core + styles).toBeLessThan(18_000);
    expect(all - inbox).toBeLessThan(6_000);
  });

  it("by an element is one module, and languages and preferences are others", async () => {
    const chunks = await bundleElement(join(folder, "element"));
    const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
    const first = new Set(["element.js"]);
    for (const name of first) for (const next of byName.get(name)?.imports ?? []) first.add(next);
    const code = [...first].map((name) => byName.get(name)?.code ?? "").join("");
    expect(zipped(code)).toBeLessThan(36_000);
    expect(code).not.toContain("Benachrichtigungen");
    expect(code).not.toContain("Microsoft Teams");
    const later = chunks.filter(({ fileName }) => !first.has(fileName));
    expect(later.length).toBeGreaterThanOrEqual(30);
    for (const { code: chunk } of later) expect(zipped(chunk)).toBeLessThan(6_000);
  });
});
