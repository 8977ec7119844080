import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { vendors } from "../../src/vendors/index.gen.ts";

/* The guides that connect vendors have a command for each, whose settings the vendor takes. */

const guide = (name: string) => fileURLToPath(new URL(`../../../../docs/guide/${name}.md`, import.meta.url));

const SAVE = /^save ([\w-]+) '(.*?)'$/gms;

describe.each([["sms"], ["whatsapp"]] as const)("the guide for %s", (channel) => {
  const real = vendors.filter(
    (vendor) => vendor.channel === channel && !vendor.slug.startsWith("simulator-"),
  );

  it("saves settings of every vendor that the vendor takes", async () => {
    const page = await readFile(guide(`connect-${channel}`), "utf8");
    const commands = [...page.matchAll(SAVE)].map(([, slug = "", json = ""]) => ({ slug, json }));
    expect(commands.map(({ slug }) => slug).toSorted()).toEqual(real.map(({ slug }) => slug).toSorted());
    for (const { slug, json } of commands) {
      const vendor = real.find((one) => one.slug === slug);
      const parsed = vendor?.config.safeParse(JSON.parse(json));
      expect(parsed?.error, slug).toBeUndefined();
      const known = Object.keys(vendor?.config.shape ?? {});
      expect(Object.keys(JSON.parse(json) as object).filter((name) => !known.includes(name))).toEqual([]);
    }
  });
});
