import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { vendors } from "../../src/vendors/index.gen.ts";
import { createHarness, type Harness } from "../harness.ts";
import { runPage } from "./run-page.ts";

/* The guides that connect vendors of SMS and WhatsApp have a command for each, which works as written. */

const SAVE = /^save ([\w-]+) '(.*?)'$/gms;

describe("the guide that connects vendors", () => {
  let harness: Harness;
  beforeAll(async () => {
    // Nothing is to leave this machine.
    harness = await createHarness({ role: "api" });
  });
  afterAll(() => harness.close());

  it.each([["sms"], ["whatsapp"]] as const)("of %s saves the settings of each", async (channel) => {
    const real = vendors.filter((vendor) => vendor.channel === channel && vendor.vendor !== "simulator");
    const file = `docs/guide/connect-${channel}.md`;
    const page = await readFile(fileURLToPath(new URL(`../../../../${file}`, import.meta.url)), "utf8");
    const commands = [...page.matchAll(SAVE)].map(([, slug = "", json = ""]) => ({ slug, json }));
    expect(commands.map(({ slug }) => slug).toSorted()).toEqual(real.map(({ slug }) => slug).toSorted());
    for (const { slug, json } of commands) {
      const known = Object.keys(real.find((one) => one.slug === slug)?.config.shape ?? {});
      expect(known).toEqual(expect.arrayContaining(Object.keys(JSON.parse(json) as object)));
    }
    const out = await runPage(harness, file);
    for (const { slug } of real) expect(out).toContain(`"vendor_slug":"${slug}"`);
    expect(out).not.toContain("…");
  });
});
