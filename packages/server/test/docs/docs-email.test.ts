import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { vendors } from "../../src/vendors/index.gen.ts";
import { createHarness, type Harness } from "../harness.ts";
import { runPage } from "./run-page.ts";

/* Each e-mail vendor is connected by its guide, with settings that are accepted as written. */
const root = fileURLToPath(new URL("../../../../", import.meta.url));

let harness: Harness;

beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.close());

describe("the guide about e-mail", () => {
  const file = "docs/guide/connect-email.md";
  // A mail server and the simulator have a guide of their own.
  const elsewhere = new Set(["smtp-email", "simulator-email"]);
  const slugs = vendors
    .filter(({ channel, slug }) => channel === "email" && !elsewhere.has(slug))
    .map(({ slug }) => slug);

  it("saves settings of every vendor, and shows no secret", async () => {
    const out = await runPage(harness, file);
    const saved = [...out.matchAll(/"vendor_slug":"([^"]+)"/g)].map(([, slug]) => slug);
    expect(new Set(saved)).toEqual(new Set(slugs));
    expect(out).not.toContain("…");
  });

  it("names the shared addresses of every vendor that has one", async () => {
    const page = await readFile(`${root}${file}`, "utf8");
    const paths = vendors
      .filter(({ slug }) => slugs.includes(slug))
      .flatMap(({ webhook }) => webhook?.shared_paths ?? []);
    for (const path of paths) expect(page).toContain(`\`/${path}/\``);
    expect(paths).toHaveLength(5);
  });
});
