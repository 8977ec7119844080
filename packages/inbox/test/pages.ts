import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { build } from "rolldown";
import { launchBrowser } from "../../../e2e/support/browser.ts";

/** The core in a real browser, on pages of another origin than the server's. */
export interface Pages {
  browser: Browser;
  /** The origin of the pages: a secure context, as Web Locks want. */
  origin: string;
  close: () => Promise<void>;
}

const DOOR = fileURLToPath(new URL("../src/index.ts", import.meta.url));
const PAGE = `<!doctype html><title>Shop</title><link rel="icon" href="/icon.svg">
<script type="module">
  import * as carillon from "/index.js";
  globalThis.carillon = carillon;
  document.documentElement.dataset.ready = "";
</script>`;
const ICON = `<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32"><rect width="32" height="32" fill="#00f"/></svg>`;
const WORKER = "addEventListener('install', () => skipWaiting());";

export async function openPages(): Promise<Pages> {
  const folder = await mkdtemp(join(tmpdir(), "carillon-inbox-"));
  await build({
    input: DOOR,
    platform: "browser",
    logLevel: "warn",
    output: { dir: folder, format: "esm", entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js" },
  });
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://pages.test").pathname;
    const answer = (type: string, body: string | Buffer) => {
      response.writeHead(200, { "content-type": type }).end(body);
    };
    if (path === "/icon.svg") return answer("image/svg+xml", ICON);
    if (path === "/serviceworker.js") return answer("text/javascript", WORKER);
    if (!path.endsWith(".js")) return answer("text/html", PAGE);
    readFile(join(folder, path)).then(
      (code) => answer("text/javascript", code),
      () => response.writeHead(404).end(),
    );
  });
  const origin = await listen(server);
  const browser = await launchBrowser();
  return {
    browser,
    origin,
    async close() {
      await browser.close();
      server.close();
      server.closeAllConnections();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
