import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
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
/** Besides the one that runs the tests: paths of others, separated by `:`. Node 18 is the oldest. */
const NODES = [process.execPath, ...(process.env.SDK_NODES ?? "").split(":").filter((path) => path !== "")];

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

describe("the package", () => {
  it.each(NODES.flatMap((node) => [["app.mjs", ESM, node] as const, ["app.cjs", CJS, node] as const]))(
    "works as %s in an empty folder",
    async (file, imports, node) => {
      await using server = await serveScript([
        { status: 202, body: { status: "success", message_id: "m-1" } },
      ]);
      const { privateKey } = (await import("node:crypto")).generateKeyPairSync("ec", {
        namedCurve: "P-256",
        privateKeyEncoding: { type: "sec1", format: "pem" },
        publicKeyEncoding: { type: "spki", format: "pem" },
      });
      await writeFile(join(app, file), imports + PROGRAM);
      await writeFile(join(app, "note.txt"), "Grüße");
      const { stdout } = await run(node, [file, server.url, "note.txt", privateKey], { cwd: app });
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
      ${isModule ? 'import { createCarillon } from "@carillon/sdk"; import { Suprsend } from "@carillon/sdk/suprsend";' : 'import sdk = require("@carillon/sdk"); import door = require("@carillon/sdk/suprsend"); const { createCarillon } = sdk; const { Suprsend } = door;'}
      interface Workflows { "order-confirmed": { order_id: string } }
      const carillon = createCarillon<Workflows>({ apiKey: "x" });
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
    for (const file of files) {
      const code = (await readFile(join(dist, file), "utf8")).replaceAll(/\/\*[^]*?\*\//g, "");
      const [word] =
        /["']node:|\bBuffer\b|\bprocess\.(?:env|versions|platform)\b|\b__dirname\b/.exec(code) ?? [];
      if (word !== undefined) found.push(`${file}: ${word}`);
    }
    expect(found).toEqual([]);
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
