import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const source = readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds against WCAG 2.2 AA and its best practices, a line for each place. */
export async function axe(page: Page): Promise<string[]> {
  await page.evaluate(await source);
  return page.evaluate(async () => {
    interface Finding {
      id: string;
      nodes: { target: unknown[]; failureSummary?: string }[];
    }
    const { axe, document } = globalThis as unknown as {
      axe: { run: (context: unknown, options: object) => Promise<{ violations: Finding[] }> };
      document: unknown;
    };
    // Mail is shown as it was written; it is not ours to judge.
    const { violations } = await axe.run(document, { iframes: false });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary ?? ""}`),
    );
  });
}
