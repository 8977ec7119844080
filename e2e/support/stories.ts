import { readFile, rm } from "node:fs/promises";
import { extname, join } from "node:path";
import type { Page } from "playwright-core";
import { temporaryFolder } from "../../packages/server/test/temporary-folder.ts";
import { bundleElement, bundleInbox, INBOX, inboxStyles } from "../../scripts/build-inbox.ts";
import { repository } from "./command.ts";

/** What the components are built with: both Reacts that they support, and Preact within the elements. */
export const BUILDS = ["react 19", "react 18", "element"] as const;
export type Build = (typeof BUILDS)[number];

export const ORIGIN = "http://carillon.test";

export interface Stories extends AsyncDisposable {
  /** Opens the page of a build. It shows nothing until it is told a story. */
  open(page: Page, build: Build): Promise<void>;
}

/** The stories of the components, built for browsers; their pages are answered without a network. */
export async function buildStories(builds: readonly Build[] = BUILDS): Promise<Stories> {
  const folder = await temporaryFolder("stories");
  const story = (name: string) => ({ page: join(INBOX, "test/stories", name) });
  for (const build of builds) {
    const target = { folder: join(folder, build), doors: story("react-page.tsx") };
    if (build === "element") await bundleElement(target.folder, story("element-page.ts"));
    else if (build === "react 19") await bundleInbox(target);
    else await bundleInbox({ ...target, react: { home: join(repository, "e2e/react-18/node_modules") } });
  }
  const styles = await inboxStyles();

  async function open(page: Page, build: Build): Promise<void> {
    await page.route(`${ORIGIN}/**`, async (route) => {
      const { pathname } = new URL(route.request().url());
      if (pathname === "/") return route.fulfill({ contentType: "text/html", body: pageOf(styles) });
      if (extname(pathname) !== ".js") return route.fulfill({ status: 404, body: "" });
      const body = await readFile(join(folder, build, pathname));
      return route.fulfill({ contentType: "text/javascript", body });
    });
    await page.goto(`${ORIGIN}/`);
  }
  return { open, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

function pageOf(styles: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Stories</title><link rel="icon" href="data:,">
<style>${styles}</style>
<style>:root { color-scheme: light dark } body { margin: 0; background: light-dark(#fff, #0d0f12) }
main { display: flex; justify-content: flex-end; padding: 8px }</style>
<main></main><script type="module" src="/page.js"></script></html>`;
}
