import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { createContext, Script } from "node:vm";
import { gzipSync } from "node:zlib";
import { build } from "rolldown";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildSdk, builtFiles } from "../../../scripts/build-sdk.ts";
import { root } from "../../../scripts/run-steps.ts";
import { VERSION } from "../src/core/version.ts";
import { serveScript } from "./support/door.ts";

/** What `npm pack` gives, installed in an empty folder and used from both module systems. */
const run = promisify(execFile);
const MAX_GZIP = 25_000;
/** Besides the one that runs the tests: `runtimes.ts` gives others, as paths separated by `:`. Node 18 is the oldest. */
const RUNTIMES = [
  process.execPath,
  ...(process.env.SDK_RUNTIMES ?? "").split(":").filter((path) => path !== ""),
];
const argsOf = (runtime: string) => (basename(runtime) === "deno" ? ["run", "--allow-all"] : []);

let folder: string;
let dist: string;
let app: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "carillon-sdk-"));
  dist = join(folder, "dist");
  app = join(folder, "app");
  if ((await buildSdk(dist)) !== 0) throw new Error("the compiler refused the declarations");
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: dist });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  await mkdir(app);
  await writeFile(join(app, "package.json"), "{}");
  const flags = ["--offline", "--no-audit", "--no-fund", "--ignore-scripts"];
  await run("npm", ["install", ...flags, join(folder, filename)], { cwd: app });
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const ESM = `
import { CarillonError, createCarillon, createUserTokens, verifyWebhook } from "@carillon/sdk";
import suprsend, { Suprsend, SuprsendError, WorkflowTriggerRequest } from "@carillon/sdk/suprsend";
`;
const CJS = `
const { CarillonError, createCarillon, createUserTokens, verifyWebhook } = require("@carillon/sdk");
const suprsend = require("@carillon/sdk/suprsend").default;
const { Suprsend, SuprsendError, WorkflowTriggerRequest } = require("@carillon/sdk/suprsend");
`;
/** Signs, sends, reads a file, makes a key: everything that differs between runtimes. */
const PROGRAM = `
(async () => {
  const [url, file, pem] = process.argv.slice(2);
  const carillon = createCarillon({ url, key: "k".repeat(20), secret: "s" });
  const trigger = { to: "ada", attachments: [{ path: file }] };
  const { message_id } = await carillon.workflows.trigger("order", trigger);
  const client = new Suprsend("k".repeat(20), "s", { base_url: url });
  const request = new WorkflowTriggerRequest({ workflow: "order", recipients: ["ada"], data: {} });
  request.add_attachment(file);
  const { success } = await client.workflows.trigger(request);
  let isOne = false;
  try { new Suprsend("", ""); } catch (error) { isOne = error instanceof CarillonError && error instanceof SuprsendError; }
  const token = await createUserTokens(pem).sign("ada");
  console.log(JSON.stringify({ message_id, success, isOne, token: token.split(".").length, verify: typeof verifyWebhook, same: suprsend.Suprsend === Suprsend }));
})();
`;

/** A signing key, as the server gives it. */
function sec1(): string {
  const { privateKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "sec1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  return privateKey;
}

describe("the package", () => {
  it.each(RUNTIMES.flatMap((path) => [["app.mjs", path, ESM] as const, ["app.cjs", path, CJS] as const]))(
    "works as %s in an empty folder, by %s",
    async (file, runtime, imports) => {
      await using server = await serveScript([
        { status: 202, body: { status: "success", message_id: "m-1" } },
      ]);
      await writeFile(join(app, file), imports + PROGRAM);
      await writeFile(join(app, "note.txt"), "Grüße");
      const { stdout } = await run(runtime, [...argsOf(runtime), file, server.url, "note.txt", sec1()], {
        cwd: app,
      });
      expect(JSON.parse(stdout)).toEqual({
        message_id: "m-1",
        success: true,
        isOne: true,
        token: 3,
        verify: "function",
        same: true,
      });
      for (const { body, headers } of server.seen) {
        expect(body).toContain('"filename":"note.txt","contentType":"text/plain","data":"R3LDvMOfZQ=="');
        expect(headers.authorization).toMatch(/^k{20}:[A-Za-z0-9+/]{43}=$/);
      }
      expect(server.seen).toHaveLength(2);
    },
  );

  it("has types for both module systems, in which wrong payloads do not compile", async () => {
    const source = (isModule: boolean) => `
      ${isModule ? 'import { createCarillon, defineWorkflow } from "@carillon/sdk"; import { Suprsend } from "@carillon/sdk/suprsend";' : 'import sdk = require("@carillon/sdk"); import door = require("@carillon/sdk/suprsend"); const { createCarillon, defineWorkflow } = sdk; const { Suprsend } = door;'}
      interface Workflows { "order-confirmed": { order_id: string } }
      const carillon = createCarillon<Workflows>({ apiKey: "x" });
      const nodes = [{ node_type: "send_sms" }];
      const payload = { type: "object", required: ["n"], properties: { n: { type: "number" } } } as const;
      export const shipped = defineWorkflow({ slug: "shipped", name: "Shipped", category: "system", payload, nodes });
      void carillon.workflows.trigger(shipped, { to: "ada", data: { n: 1 } });
      // @ts-expect-error -- the payload of the workflow in code is wrong
      void carillon.workflows.trigger(shipped, { to: "ada", data: { n: "1" } });
      export const accepted: Promise<{ message_id: string }> = carillon.workflows.trigger("order-confirmed", { to: "ada", data: { order_id: "1" } });
      // @ts-expect-error -- the payload is wrong
      void carillon.workflows.trigger("order-confirmed", { to: "ada", data: { order_id: 1 } });
      export const user: Promise<Record<string, unknown>> = new Suprsend("k", "s").users.get("ada");
    `;
    await writeFile(join(app, "types.mts"), source(true));
    await writeFile(join(app, "types.cts"), source(false));
    const flags = [
      "--strict",
      "--noEmit",
      "--module",
      "nodenext",
      "--target",
      "es2022",
      "--skipLibCheck",
      "false",
    ];
    const types = ["--typeRoots", join(root, "node_modules", "@types"), "--types", "node"];
    const { stdout } = await run(
      join(root, "node_modules/.bin/tsc"),
      [...flags, ...types, "types.mts", "types.cts"],
      { cwd: app },
    ).catch((error: { stdout: string }) => error);
    expect(stdout).toBe("");
  });

  it("has nothing of Node outside of what is for Node", async () => {
    const files = (await builtFiles(dist)).filter((file) => /^(?:esm|cjs)\/web\/.*\.js$/.test(file));
    expect(files).toHaveLength(6);
    const found: string[] = [];
    const names: string[] = [];
    for (const file of files) {
      const code = (await readFile(join(dist, file), "utf8")).replaceAll(/\/\*[^]*?\*\//g, "");
      const [word] =
        /["']node:|\bBuffer\b|\bprocess\.(?:env|versions|platform)\b|\b__dirname\b/.exec(code) ?? [];
      if (word !== undefined) found.push(`${file}: ${word}`);
      const imported = code.matchAll(
        /^(?:import|export)\b[^"';]*"([^"]+)"|\b(?:require|import)\("([^"]+)"\)/gm,
      );
      for (const [, from, called] of imported) {
        const name = from ?? called ?? "";
        names.push(name);
        if (!name.startsWith("./")) found.push(`${file}: ${name}`);
      }
    }
    expect(found).toEqual([]);
    // Each door imports what both share, in both formats.
    expect(names.filter((name) => name === "./carillon.js")).toHaveLength(4);
  });

  it("runs where there are only fetch, Web Crypto and what every worker has", async () => {
    const sent: { url: string; headers: Record<string, string>; body: string }[] = [];
    const own = {
      // What WinterTC's common API has, as far as the SDK needs it. There is no Buffer, no process, no require.
      AbortController,
      atob,
      Blob,
      btoa,
      clearTimeout,
      crypto: globalThis.crypto,
      fetch: async (
        url: URL,
        { headers, body }: { headers: Record<string, string>; body: Uint8Array | null },
      ) => {
        sent.push({ url: String(url), headers, body: new TextDecoder().decode(body ?? new Uint8Array()) });
        const answer = { status: "success", message_id: "m-1", meta: { count: 1, limit: 20 }, results: [{}] };
        return new Response(JSON.stringify(answer), { headers: { "content-type": "application/json" } });
      },
      setTimeout,
      TextDecoder,
      TextEncoder,
      URL,
    };
    const context = createContext(own);
    const loaded = new Map<string, object>();
    const load = async (file: string): Promise<void> => {
      const code = await readFile(join(dist, "cjs/web", file), "utf8");
      for (const [, other = ""] of code.matchAll(/\brequire\("\.\/([^"]+)"\)/g)) {
        if (!loaded.has(other)) await load(other);
      }
      const exports = {};
      const wrapped = new Script(`(function (exports, require) {${code}\n})`).runInContext(context) as (
        exports: object,
        require: (name: string) => unknown,
      ) => void;
      wrapped(exports, (name) => loaded.get(name.replace("./", "")));
      loaded.set(file, exports);
    };
    await load("index.js");
    await load("suprsend.js");
    Object.assign(own, { first: loaded.get("index.js"), second: loaded.get("suprsend.js"), pem: sec1() });
    const program = `(async () => {
      const carillon = first.createCarillon({ url: "https://carillon.example/base", key: "k", secret: "s" });
      const bytes = new TextEncoder().encode("Grüße");
      const stream = new Blob(["Hi"]).stream();
      const attachments = [{ bytes, filename: "a.txt" }, { stream, filename: "b.txt" }];
      const { message_id } = await carillon.workflows.trigger("order", { to: "ada", attachments });
      let users = 0;
      for await (const user of carillon.users.list()) users++;
      let refused;
      const path = { to: "ada", attachments: [{ path: "a.txt" }] };
      await carillon.workflows.trigger("order", path).catch((error) => (refused = error.message));
      const client = new second.Suprsend("k", "s", { base_url: "https://carillon.example/" });
      const request = new second.WorkflowTriggerRequest({ workflow: "order", recipients: ["ada"], data: {} });
      const { success } = await client.workflows.trigger(request);
      const token = await first.createUserTokens(pem).sign("ada");
      let forged;
      const headers = { "webhook-id": "1", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA" };
      try { first.verifyWebhook("{}", headers, "whsec_AAAA", { tolerance: Infinity }); } catch (error) { forged = error.code; }
      return JSON.stringify({ message_id, users, refused, success, token: token.split(".").length, forged });
    })()`;
    const result = await (new Script(program).runInContext(context) as Promise<string>);
    expect(JSON.parse(result)).toEqual({
      message_id: "m-1",
      users: 1,
      refused: "attachments[0].path: can be read in Node, Bun and Deno only: give bytes, base64 or a url",
      success: true,
      token: 3,
      forged: "not_authenticated",
    });
    expect(sent.map(({ url }) => url)).toEqual([
      "https://carillon.example/base/trigger/",
      "https://carillon.example/base/v1/user/",
      "https://carillon.example/trigger/",
    ]);
    expect(sent[0]?.body).toContain('"data":"R3LDvMOfZQ=="');
    expect(sent[0]?.body).toContain('"data":"SGk="');
    for (const { headers } of sent) expect(headers.authorization).toMatch(/^k:[A-Za-z0-9+/]{43}=$/);
  });

  it.each(["index", "suprsend/index"])("is small: %s, minified and gzipped", async (door) => {
    const { output } = await build({
      input: join(root, "packages/sdk/src", `${door}.ts`),
      platform: "browser",
      write: false,
      output: { format: "esm", minify: true },
    });
    expect(gzipSync(output[0].code, { level: 9 }).length).toBeLessThan(MAX_GZIP);
  });

  it("says which version it is, and depends on nothing", async () => {
    const manifest = JSON.parse(await readFile(join(dist, "package.json"), "utf8")) as Record<
      string,
      unknown
    >;
    expect(manifest.version).toBe(VERSION);
    expect(Object.keys(manifest).filter((field) => /dependencies/i.test(field))).toEqual([]);
    expect(await readdir(join(app, "node_modules"))).toEqual([".package-lock.json", "@carillon"]);
    expect(await readFile(join(dist, "esm/web/carillon.js"), "utf8")).toContain("@noble/hashes 2.4.0, MIT.");
  });
});
