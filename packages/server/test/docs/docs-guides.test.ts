import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createHarness, type Harness } from "../harness.ts";
import { missingLines } from "./run-node-example.ts";
import { FENCED, runPage } from "./run-page.ts";

/* The guides about workflows, and the pages with commands beside them, work as written, each on a separate server, because they stop its clock. */
const root = fileURLToPath(new URL("../../../../", import.meta.url));

let harness: Harness;

beforeEach(async () => {
  harness = await createHarness();
});
afterEach(() => harness.close());

/** The output that a page promises: its `text` blocks, and the text after `#` at the end of a command. */
async function promised(file: string): Promise<string[]> {
  const blocks = [...(await readFile(`${root}${file}`, "utf8")).matchAll(FENCED)];
  return blocks.flatMap(([, language, block = ""]) =>
    language === "text"
      ? block.trimEnd().split("\n")
      : language === "bash"
        ? [...block.matchAll(/ {2}# (.+)$/gm)].map(([, line = ""]) => line)
        : [],
  );
}

describe("the commands of a guide print what it says", () => {
  it.each([
    ["design-a-workflow", 5],
    ["gather-and-enrich", 4],
    ["change-a-workflow", 10],
    ["rehearse-a-journey", 13],
    ["send-to-many", 8],
    ["write-templates", 10],
    ["release-templates", 9],
    ["erase-and-export", 5],
    ["add-an-inbox", 2],
    ["../concepts/client-surface", 3],
    ["../concepts/inbox", 5],
    ["preference-pages", 5],
  ])("%s", async (name, count) => {
    const file = `docs/guide/${name}.md`;
    const lines = await promised(file);
    const out = await runPage(harness, file);
    expect(missingLines(lines, out.split("\n")), out).toEqual([]);
    expect(lines).toHaveLength(count);
  });
});
