import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { fastify, type FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../../../test/temporary-folder.ts";
import { registerPages } from "./pages.ts";

const HTML = "<!doctype html><title>the app</title>";
const SCRIPT = "console.log('the app')";
let folder: string;
let app: FastifyInstance;

beforeAll(async () => {
  folder = await temporaryFolder("pages");
  await mkdir(join(folder, "assets"));
  await writeFile(join(folder, "index.html"), HTML);
  await writeFile(join(folder, "assets", "main-1a2b.js"), SCRIPT);
  await writeFile(join(folder, "assets", "main-1a2b.js.gz"), gzipSync(SCRIPT));
  app = fastify();
  await registerPages(app, { dashboard: folder });
});
afterAll(async () => {
  await app.close();
  await rm(folder, { recursive: true, force: true });
});

const get = (url: string, headers: Record<string, string> = {}) =>
  app.inject({ method: "GET", url, headers });
const navigate = (url: string) => get(url, { accept: "text/html,application/xhtml+xml" });

describe("the dashboard's files", () => {
  it.each(["/", "/w/staging/logs/runs", "/x/anything", "/not/there", "/trigger/"])(
    "a browser that opens %s gets the app, which is never cached",
    async (path) => {
      const answer = await navigate(path);
      expect(answer.statusCode).toBe(200);
      expect(answer.body).toBe(HTML);
      expect(answer.headers).toMatchObject({
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
      });
    },
  );

  it("run nothing inline, load nothing from elsewhere, and are framed by nobody", async () => {
    const policy = String((await navigate("/")).headers["content-security-policy"]);
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(policy).toMatch(/default-src 'none'/);
    expect(policy).toMatch(/script-src 'self'(;|$)/);
    expect(policy).toMatch(/style-src 'self'(;|$)/);
    expect(policy).toMatch(/frame-ancestors 'none'/);
  });

  it("are kept for a year by their hashed names, and sent compressed where that is understood", async () => {
    const plain = await get("/assets/main-1a2b.js");
    expect(plain.statusCode).toBe(200);
    expect(plain.body).toBe(SCRIPT);
    expect(plain.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
    const small = await get("/assets/main-1a2b.js", { "accept-encoding": "gzip" });
    expect(small.headers).toMatchObject({
      "content-encoding": "gzip",
      "content-type": expect.stringMatching(/^(text|application)\/javascript/) as string,
    });
  });

  it.each([
    "/assets/main-0000.js",
    "/assets/",
    "/assets/../index.html.bak",
    "/assets/%2e%2e/index.html",
    "/favicon.ico",
  ])("404: %s, asked for by a page", async (path) => {
    expect((await get(path, { accept: "*/*" })).statusCode).toBe(404);
  });

  it("404 for a wrong asset, even for a browser that navigates to it", async () => {
    expect((await navigate("/assets/main-0000.js")).statusCode).toBe(404);
  });

  it("404: other methods and other clients get the API's own answer", async () => {
    expect((await app.inject({ method: "POST", url: "/w/staging/" })).statusCode).toBe(404);
    expect((await get("/v1/nothing/")).headers["content-type"]).toMatch(/json/);
  });
});

describe("a dashboard that was not built", () => {
  it("404: says how to build it", async () => {
    const bare = fastify();
    await registerPages(bare, { dashboard: join(folder, "nothing") });
    const answer = await bare.inject({ method: "GET", url: "/", headers: { accept: "text/html" } });
    expect(answer.statusCode).toBe(404);
    expect(answer.body).toContain("npm run build");
    await bare.close();
  });
});

describe("the frame for mail", () => {
  it("has no origin, takes one script, and loads no image from elsewhere unless it is asked to", async () => {
    const policyOf = async (url: string) =>
      String((await navigate(url)).headers["content-security-policy"]).split("; ");
    const usual = await policyOf("/mail-frame");
    expect(usual).toContain("sandbox allow-scripts");
    expect(usual).toContain("script-src 'self'");
    expect(usual).toContain("img-src data:");
    expect(usual).toContain("frame-ancestors 'self'");
    expect(usual.join()).not.toContain("connect-src 'self'");
    expect(await policyOf("/mail-frame?images=1")).toContain("img-src https: data:");
    expect(await policyOf("/mail-frame?images=2")).toContain("img-src data:");
    expect((await get("/mail-frame.js")).headers["content-type"]).toMatch(/^text\/javascript/);
  });
});
