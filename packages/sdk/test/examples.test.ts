import { execFile } from "node:child_process";
import { createHmac, generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readDoor } from "../../../scripts/sdk-reference.ts";
import { root } from "../../../scripts/run-steps.ts";
import { routes } from "../../server/src/api/index.gen.ts";
import {
  CarillonError,
  createCarillon,
  createUserTokens,
  defineWorkflow,
  verifyWebhook,
} from "../src/index.ts";
import suprsend from "../src/suprsend/index.ts";
import { type Seen, serveScript, type ScriptedServer } from "./support/door.ts";

/** Every public member has an example; it compiles, it runs, and what it sends is an endpoint. */
const run = promisify(execFile);
const parts = [...(await readDoor("first")), ...(await readDoor("second"))];
const members = parts.flatMap((part) => part.members);

/** Other names of what the SDK calls. */
const ALIASES = new Set([
  "GET /v1/user/:distinct_id/associated_tenant/",
  "GET /v1/tenant/:tenant_id/category/",
  "PATCH /v1/tenant/:tenant_id/category/:category_slug/",
  // Templates as they were read before they had variants.
  "GET /v1/template/",
  "GET /v1/template/:slug/",
  "GET /v1/template/:slug/channel/:channel/",
]);

/** Something of everything that an example takes apart. */
const ANSWER = {
  status: "success",
  message_id: "m-1",
  records: [{ status: "success", message_id: "m-1", status_code: 202 }],
  meta: { count: 1, limit: 20, has_next: false },
  results: [{ tenant: {}, object: {}, list: {}, user: {} }],
  version_id: "01KBCDEF",
  validation_result: { is_valid: true, errors: [] },
  affected_count: 1,
  variants: [],
};

let server: ScriptedServer;
beforeAll(async () => {
  server = await serveScript(() => ({ status: 200, body: ANSWER }));
});
afterAll(() => server[Symbol.asyncDispose]());

/** What examples may use without making it. */
function scopeOf(url: string): Record<string, unknown> {
  const credentials = { url, key: "workspace_key_0123456789", secret: "secret" };
  const supr_client = new suprsend.Suprsend(credentials.key, credentials.secret, { base_url: url });
  return {
    ...suprsend,
    CarillonError,
    carillon: createCarillon({ ...credentials, serviceToken: "token", workspace: "staging" }),
    console: { log: () => {}, error: () => {} },
    createCarillon,
    createUserTokens,
    defineWorkflow,
    request: signedRequest(),
    SIGNING_KEY,
    supr_client,
    user: supr_client.users.get_edit_instance("ada"),
    verifyWebhook,
    WEBHOOK_SECRET,
  };
}

const WEBHOOK_SECRET = `whsec_${Buffer.from("a secret of a webhook").toString("base64")}`;
const { privateKey: SIGNING_KEY } = generateKeyPairSync("ec", {
  namedCurve: "P-256",
  privateKeyEncoding: { type: "sec1", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});

function signedRequest(): Request {
  const body = '{"type":"message.delivered"}';
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = createHmac("sha256", "a secret of a webhook")
    .update(`msg_1.${timestamp}.${body}`)
    .digest("base64");
  const headers = {
    "webhook-id": "msg_1",
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${signature}`,
  };
  return new Request("http://localhost/", { method: "POST", body, headers });
}

const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor as new (
  ...args: string[]
) => (...args: unknown[]) => Promise<void>;

/** Without what only the compiler reads. */
const toJavaScript = (code: string) =>
  code
    .replaceAll(/^interface [^]*?^}\n/gm, "")
    .replaceAll(/createCarillon<\w+>/g, "createCarillon")
    .replaceAll(" as const", "");

async function runExample(code: string): Promise<void> {
  const scope = scopeOf(server.url);
  // In a block of its own, where it may use a name again.
  await new AsyncFunction(...Object.keys(scope), `{ ${toJavaScript(code)} }`)(...Object.values(scope));
}

const patternOf = (path: string) => new RegExp(`^${path.replaceAll(/:\w+/g, "[^/]+")}$`);
const lineOf = ({ method, url }: Seen) => `${method} ${url.split("?")[0] ?? ""}`;

describe("the examples of the SDK", () => {
  it("are there for every public member", () => {
    expect(members.length).toBeGreaterThan(250);
    expect(members.filter(({ example }) => example === "").map(({ name }) => name)).toEqual([]);
  });

  it("compile", async () => {
    const folder = await mkdtemp(join(root, "packages/sdk/test/.examples-"));
    try {
      const names = Object.keys(suprsend).join(", ");
      const source = [
        'import { CarillonError, createCarillon, createUserTokens, defineWorkflow, verifyWebhook } from "../../src/index.ts";',
        `import { ${names} } from "../../src/suprsend/index.ts";`,
        'declare const carillon: import("../../src/index.ts").Carillon;',
        "declare const supr_client: Suprsend;",
        "declare const user: UserEdit;",
        "declare const request: Request;",
        "declare const SIGNING_KEY: string;",
        "declare const WEBHOOK_SECRET: string;",
        ...members.map(({ example }, index) => `export async function example${index}() {\n${example}\n}`),
        `export default [CarillonError, createCarillon, createUserTokens, defineWorkflow, verifyWebhook, ${names}];`,
      ].join("\n");
      await writeFile(join(folder, "examples.ts"), source);
      const compilerOptions = { noUnusedLocals: false, rootDir: root };
      const config = {
        extends: join(root, "tsconfig.json"),
        compilerOptions,
        include: ["examples.ts"],
        exclude: [],
      };
      await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
      const { stdout } = await run(join(root, "node_modules/.bin/tsc"), ["-p", folder]).catch(
        (error: { stdout: string }) => error,
      );
      expect(stdout).toBe("");
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it.each(members.map(({ name, example }) => [name, example]))(
    "run, and call endpoints: %s",
    async (_name, example) => {
      const before = server.seen.length;
      await runExample(example);
      // One class serves both.
      await runExample(
        example.replaceAll('preferences.user("ada")', 'preferences.object("teams", "finance")'),
      );
      const known = routes.map(({ route }) => `${route.method} ${route.path}`);
      for (const request of server.seen.slice(before)) {
        const line = lineOf(request);
        expect(
          known.some((path) => patternOf(path).test(line)),
          line,
        ).toBe(true);
      }
    },
  );

  it("leave no endpoint of the data API out", () => {
    const called = new Set(server.seen.map(lineOf));
    const missing = routes
      .filter(({ surface }) => surface.name === "hub")
      .map(({ route }) => `${route.method} ${route.path}`)
      .filter((path) => !ALIASES.has(path) && ![...called].some((line) => patternOf(path).test(line)));
    expect(missing).toEqual([]);
  });
});
