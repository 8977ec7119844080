import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { build } from "rolldown";
import { launchBrowser } from "./browser.ts";

/**
 * Pages with an unmodified web SDK from npm, in a real browser. They come from an origin of their own, as a company's
 * app does, so that every call to the server is a cross-origin one.
 */
export interface WebClients {
  browser: Browser;
  /** The origin of the pages. */
  origin: string;
  /** Scripts that the site serves besides, by their paths. */
  files: Map<string, string>;
  /** A page of its own, with its own storage, and in it a client of this version of the SDK. */
  open: (options: WebClientOptions) => Promise<WebClient>;
  close: () => Promise<void>;
}

/** The aliases under which package.json has the versions. */
export const WEB_SDKS = { 4: "web-sdk-4", 3: "web-sdk-3", 2: "web-sdk-2" } as const;

export interface WebClientOptions {
  version: keyof typeof WEB_SDKS;
  publicKey: string;
  /** Of the server. */
  host: string;
  /** Gives the client a new token when it asks for one. */
  refreshToken?: (old: string) => Promise<string>;
}

/** What every method of the SDK resolves to. */
export interface SdkReply<Body = unknown> {
  status: "success" | "error";
  statusCode?: number;
  body?: Body;
  error?: { type?: string; message?: string };
}

export interface WebClient {
  page: Page;
  /** Calls a method of the client in the page, such as `user.addEmail`. */
  call: <Body = unknown>(method: string, ...args: unknown[]) => Promise<SdkReply<Body>>;
  /** `identify` with the token, and with `refreshToken` if the page has one. */
  identify: (distinct_id: unknown, token?: string) => Promise<SdkReply>;
  /** An expression in the page, where `client` is the SDK's. */
  read: <Value>(expression: string) => Promise<Value>;
  /** What the page has called, without preflights: `PATCH /v2/subscriber/…/ 202`. */
  calls: string[];
  /** Errors that nobody caught. */
  errors: string[];
}

export async function createWebClients(): Promise<WebClients> {
  const bundles = new Map<string, Promise<string>>();
  const bundleOf = (name: string) => {
    const known = bundles.get(name) ?? bundle(name);
    bundles.set(name, known);
    return known;
  };
  const files = new Map<string, string>();
  const site = await serve(async (path) => {
    const file = files.get(path);
    if (file !== undefined) return { type: "text/javascript", body: file };
    const name = /^\/([\w-]+)\.js$/.exec(path)?.[1];
    return name === undefined
      ? { type: "text/html", body: "<!doctype html><title>App</title>" }
      : { type: "text/javascript", body: await bundleOf(name) };
  });
  const { port } = site.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const browser = await launchBrowser();
  return {
    browser,
    origin,
    files,
    async open({ version, publicKey, host, refreshToken }) {
      const context = await browser.newContext();
      const page = await context.newPage();
      const calls: string[] = [];
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(error.message));
      page.on("response", (response) => {
        const { pathname } = new URL(response.url());
        if (response.url().startsWith(host))
          calls.push(`${response.request().method()} ${pathname} ${response.status()}`);
      });
      if (refreshToken !== undefined) await page.exposeFunction("refreshToken", refreshToken);
      await page.goto(origin);
      await page.addScriptTag({ url: `/${WEB_SDKS[version]}.js` });
      await page.evaluate(
        `globalThis.client = new WebSdk.SuprSend(${JSON.stringify(publicKey)}, ${JSON.stringify({ host })})`,
      );
      const read = <Value>(expression: string) => page.evaluate<Value>(expression);
      const listOf = (args: unknown[]) => args.map((one) => JSON.stringify(one) ?? "undefined").join(", ");
      return {
        page,
        read,
        calls,
        errors,
        call: (method, ...args) => read(`client.${method}(${listOf(args)})`),
        identify(distinct_id, token) {
          const options = refreshToken === undefined ? "undefined" : "{ refreshUserToken: refreshToken }";
          return read(`client.identify(${listOf([distinct_id, token])}, ${options})`);
        },
      };
    },
    async close() {
      await browser.close();
      site.closeAllConnections();
      site.close();
    },
  };
}

/** The package as one script that leaves its exports in `WebSdk`, as a bundler makes it for an app. */
async function bundle(name: string): Promise<string> {
  const { output } = await build({
    input: name,
    platform: "browser",
    logLevel: "silent",
    write: false,
    output: { format: "iife", name: "WebSdk", exports: "named" },
  });
  return output[0].code;
}

async function serve(answer: (path: string) => Promise<{ type: string; body: string }>): Promise<Server> {
  const server = createServer((request, response) => {
    answer(request.url ?? "/").then(
      ({ type, body }) => response.writeHead(200, { "content-type": type }).end(body),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
