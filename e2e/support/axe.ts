import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const source = readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The rules whose answers differ between light and dark. */
const COLOURS = ["color-contrast", "link-in-text-block"];

/**
 * What axe finds against WCAG 2.2 AA and its best practices, a line for each place: in light by all rules, in dark by those
 * about colours.
 */
export async function axe(page: Page): Promise<string[]> {
  await page.evaluate(await source);
  await page.emulateMedia({ colorScheme: "light" });
  const inLight = await run(page, null);
  await page.emulateMedia({ colorScheme: "dark" });
  return [...inLight, ...(await run(page, COLOURS)).map((line) => `in dark: ${line}`)];
}

async function run(page: Page, only: string[] | null): Promise<string[]> {
  return page.evaluate(async (rules) => {
    interface Finding {
      id: string;
      nodes: { target: unknown[]; failureSummary?: string }[];
    }
    const { axe, document } = globalThis as unknown as {
      axe: { run: (context: unknown, options: object) => Promise<{ violations: Finding[] }> };
      document: unknown;
    };
    // Mail is shown as it was written; it is not ours to judge.
    const options = rules === null ? {} : { runOnly: { type: "rule", values: rules } };
    const { violations } = await axe.run(document, { iframes: false, ...options });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary ?? ""}`),
    );
  }, only);
}
