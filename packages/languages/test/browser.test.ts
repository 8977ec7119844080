import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../../../e2e/support/browser.ts";
import { type Bundle, bundleDoors } from "../../../scripts/bundle.ts";
import { FUNCTIONS } from "../src/jq/fixtures/functions.ts";
import { LANGUAGE, readRow } from "../src/jq/fixtures/language.ts";
import { RARE_FUNCTIONS } from "../src/jq/fixtures/rare-functions.ts";
import type { Json, JsonObject } from "../src/json.ts";
import { createJsonnetEngine } from "../src/jsonnet/node.ts";
import { CASES } from "../src/jsonnet/std/fixtures/cases.ts";
import { readProgram } from "../src/node.ts";

/** The bundles in a real browser, on a page that forbids what evaluates texts as code. */
const ORIGIN = "https://languages.example";
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";
const PAGE = `<!doctype html><script type="module" src="/page.js"></script>`;
const SCRIPT = `
  import { createJqEngine } from "/jq.js";
  import { checkJsonnet, createJsonnetEngine } from "/jsonnet.js";
  const program = await WebAssembly.compileStreaming(fetch("/jq.wasm"));
  const bytes = await (await fetch("/jq.wasm")).arrayBuffer();
  const engines = {
    bare: createJqEngine(),
    compiled: createJqEngine({ program }),
    bytes: createJqEngine({ program: bytes }),
    jsonnet: createJsonnetEngine(),
  };
  window.evaluate = (engine, source, data) => {
    try {
      const run = engines[engine].evaluateAll ?? engines[engine].evaluate;
      return { value: run(source, data) };
    } catch (error) {
      return { error: error.name, message: error.message };
    }
  };
  document.documentElement.dataset.ready = "";
`;

type Engine = "bare" | "compiled" | "bytes" | "jsonnet";
type Outcome = { value: Json } | { error: string; message: string };
type Evaluate = (engine: Engine, source: string, data: JsonObject) => Outcome;

let folder: string;
let bundles: Bundle[];
let browser: Browser;
let page: Page;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "carillon-languages-"));
  bundles = await bundleDoors("languages", folder);
  browser = await launchBrowser();
  page = await browser.newPage();
  const files: Record<string, { body: string | Buffer; contentType: string }> = {
    "/": { body: PAGE, contentType: "text/html" },
    "/page.js": { body: SCRIPT, contentType: "text/javascript" },
    "/jq.wasm": { body: Buffer.from(readProgram()), contentType: "application/wasm" },
  };
  for (const { file } of bundles) {
    files[`/${file}`] = { body: await readFile(join(folder, file)), contentType: "text/javascript" };
  }
  await page.route("**/*", (route) => {
    const file = files[new URL(route.request().url()).pathname];
    if (file === undefined) return route.fulfill({ status: 404 });
    return route.fulfill({ ...file, headers: { "content-security-policy": POLICY } });
  });
  await page.goto(ORIGIN);
  await page.locator("html[data-ready]").waitFor({ state: "attached" });
});
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

/** As texts both ways: the types of a page's values do not end where JSON's nest. */
async function evaluateEach(engine: Engine, sources: [string, JsonObject][]): Promise<Outcome[]> {
  const outcomes = await page.evaluate(
    ([engine, sources]) => {
      const { evaluate } = globalThis as unknown as { evaluate: Evaluate };
      const list = JSON.parse(sources) as [string, JsonObject][];
      return JSON.stringify(list.map(([source, data]) => evaluate(engine, source, data)));
    },
    [engine, JSON.stringify(sources)] as const,
  );
  return JSON.parse(outcomes) as Outcome[];
}

async function evaluate(engine: Engine, source: string, data: JsonObject = {}): Promise<Outcome | undefined> {
  return (await evaluateEach(engine, [[source, data]]))[0];
}

describe("a bundle", () => {
  it("is one file for each door, of the size that the README gives", async () => {
    expect(bundles.map(({ file }) => file)).toEqual(["jq.js", "jsonnet.js"]);
    const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
    for (const { file, size } of bundles) {
      const [, said = ""] = new RegExp(`browser/${file}\` +\\| (\\d+) kB`).exec(readme) ?? [];
      expect(Math.abs(Number(said) - size / 1000), `${file} has ${size} bytes`).toBeLessThan(2);
    }
  });
});

describe("jq in a browser", () => {
  it("evaluates what is evaluated in JavaScript, without the C program", async () => {
    const source = '[.items[] | select(.n > 1) | "\\(.n)é"] | join(",") | @base64';
    const data = { items: [{ n: 1 }, { n: 2 }, { n: 3 }] };
    expect(await evaluate("bare", source, data)).toEqual({ value: ["MsOpLDPDqQ=="] });
  });

  it("says what is missing when an expression needs the C program", async () => {
    expect(await evaluate("bare", "now")).toEqual({
      error: "JqProgramError",
      message: "needs the jq program, which this engine was made without: createJqEngine({ program })",
    });
  });

  it.each<Engine>(["compiled", "bytes"])("evaluates the rest with the program, given %s", async (engine) => {
    const source = '.items |= map(. * 2) | .items, (.text | test("^ö+$")), (0 | todate)';
    const data = { items: [1, 2], text: "öö" };
    expect(await evaluate(engine, source, data)).toEqual({ value: [[2, 4], true, "1970-01-01T00:00:00Z"] });
  });

  it("gives what the manual has, as in Node", async () => {
    const rows = Object.values({ ...LANGUAGE, ...FUNCTIONS, ...RARE_FUNCTIONS })
      .flat()
      .map(readRow);
    const outcomes = await evaluateEach(
      "compiled",
      rows.map(({ source, data }) => [source, data]),
    );
    for (const [index, { source, outputs }] of rows.entries()) {
      const outcome = outcomes[index];
      if (outputs === null) expect(outcome, source).toHaveProperty("error");
      else expect(outcome, source).toEqual({ value: outputs });
    }
  });

  it.each<[engine: Engine, source: string, message: string]>([
    ["bare", "[range(1000000000)]", "takes too many steps"],
    ["bare", '"x" * 1000000000', "makes a text too long"],
    ["compiled", "def f: 1 + f; f", "needs more memory than it may have"],
    ["compiled", "[range(0; 200000; 1)]", "gives a value larger than 1048576 characters"],
  ])("stops what overruns its budget (%s: %s), and goes on", async (engine, source, message) => {
    expect(await evaluate(engine, source)).toEqual({ error: "JqOverrunError", message });
    expect(await evaluate(engine, ".a", { a: 1 })).toEqual({ value: [1] });
  });
});

describe("Jsonnet in a browser", () => {
  it("gives what the standard library has, as in Node", async () => {
    const cases = Object.values(CASES).flat();
    const outcomes = await evaluateEach(
      "jsonnet",
      cases.map(([source]) => [source, {}]),
    );
    expect(outcomes).toEqual(cases.map(([, value]) => ({ value })));
  });

  it("hashes and encodes as in Node", async () => {
    const source = `{
      hashes: [hash(data.x) for hash in [std.md5, std.sha1, std.sha256, std.sha512, std.sha3]],
      base64: std.base64(std.encodeUTF8(data.x)),
      back: std.decodeUTF8(std.base64DecodeBytes(self.base64)),
    }`;
    const data = { x: "é".repeat(200) };
    expect(await evaluate("jsonnet", source, data)).toEqual({
      value: createJsonnetEngine().evaluate(source, data),
    });
    expect(await evaluate("jsonnet", "std.md5('')")).toEqual({ value: "d41d8cd98f00b204e9800998ecf8427e" });
  });

  it.each<[source: string, message: RegExp]>([
    ["std.foldl(function(a, b) a + b, std.range(1, 1e6), 0)", /^evaluation takes /],
    ["local f(x) = f(x) + 1; f(1)", /^more than 200 calls within each other/],
    ["std.repeat('x', 1e9)", /^evaluation takes more than 67108864 bytes of memory/],
  ])("stops what overruns its budget: %s", async (source, message) => {
    expect(await evaluate("jsonnet", source)).toEqual({
      error: "JsonnetError",
      message: expect.stringMatching(message) as string,
    });
    expect(await evaluate("jsonnet", "data.a", { a: 1 })).toEqual({ value: 1 });
  });
});
