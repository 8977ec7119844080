import { readFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../../../scripts/run-steps.ts";
import { createHarness, type Harness } from "../../server/test/harness.ts";
import { CarillonError, type CarillonOptions, createCarillon, defineWorkflow } from "../src/index.ts";
import { Suprsend, WorkflowTriggerRequest } from "../src/suprsend/index.ts";

/* The code of the README and the guides, from top to bottom, against a running server. */
let harness: Harness;

beforeAll(async () => {
  harness = await createHarness();
  const { templates, workflows } = createClient({});
  await templates.upsert("note", { name: "Note", enabled_channels: ["sms"] });
  await templates.upsertVariant("note", "sms", "default", {
    locale: "en",
    content: { type: "basic", body: "Hello" },
  });
  await templates.commit("note", { commit_message: "first" });
  const nodes = [{ node_type: "send_sms", name: "Text", ref: "text", properties: { template: "note" } }];
  for (const slug of ["order-confirmed", "invoice-due"]) {
    const body = { name: slug, category: "transactional", trigger_type: "api", tree: { nodes } } as const;
    await workflows.admin.upsert(slug, body, { commit: true, commit_message: "first" });
  }
});
afterAll(() => harness.close());

/** With this server's address and credentials instead of those of a page. */
function createClient(_options: CarillonOptions) {
  const { url, apiKey, serviceToken, workspace } = harness;
  return createCarillon({ url, apiKey, serviceToken, workspace: workspace.slug });
}

const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor as new (
  ...args: string[]
) => (...args: unknown[]) => Promise<Record<string, unknown>>;

interface Ran {
  /** What was logged, a line each. */
  lines: string[];
  values: Record<string, unknown>;
}

/** Runs the blocks of a page that need nothing that the server lacks, and gives the values of some of its names. */
async function runPage(file: string, fence: RegExp, names: string[]): Promise<Ran> {
  const page = await readFile(join(root, file), "utf8");
  const blocks = [...page.matchAll(fence)].map(([, code = ""]) => code);
  expect(blocks.length).toBeGreaterThan(0);
  const source = blocks.join("\n").replaceAll(/^import .*\n/gm, "");
  const lines: string[] = [];
  const log = (...parts: unknown[]) => lines.push(parts.map(String).join(" "));
  const scope = {
    CarillonError,
    console: { log, error: log },
    createCarillon: createClient,
    defineWorkflow,
    Suprsend: class extends Suprsend {
      constructor() {
        super(harness.wsKey, harness.wsSecret, { base_url: harness.url });
      }
    },
    WorkflowTriggerRequest,
  };
  const code = `${stripTypeScriptTypes(source)}\nreturn { ${names.join(", ")} };`;
  const values = await new AsyncFunction(...Object.keys(scope), code)(...Object.values(scope));
  return { lines, values };
}

const TYPESCRIPT = /^```ts\n([^]*?)^```/gm;

describe("the code of", () => {
  it("the README does what it says", async () => {
    const { lines, values } = await runPage("packages/sdk/README.md", TYPESCRIPT, ["message_id", "result"]);
    expect(values.message_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(values.result).toMatchObject({ status: "partial", success: 1, failure: 1 });
    expect(lines[0]).toBe("1 to: must not be empty");
    expect(lines[1]).toMatch(/^not_found 404 Nothing of that name exists .* [0-9A-Z]{26}$/);
  });

  it("the guide does what it says", async () => {
    const { lines, values } = await runPage("docs/guide/send-from-your-code.md", TYPESCRIPT, [
      "accepted",
      "rehearsal",
      "summary",
      "result",
    ]);
    expect(values.accepted).toMatchObject({ status: "success" });
    expect(values.rehearsal).toMatchObject({ dry_run: true, recipients: [{ distinct_id: "ada" }] });
    expect(values.summary).toMatch(/\w/);
    expect(values.result).toMatchObject({ status: "success", total: 250, success: 250 });
    expect(lines).toContain("grace");
    expect(lines.at(-1)).toMatch(/^not_found 404 .* Nothing of that name exists/);
  });

  it("the guide about deploying does what it says", async () => {
    const names = ["published", "shipped"];
    const { values } = await runPage("docs/guide/deploy-from-your-code.md", TYPESCRIPT, names);
    expect(values.published).toMatchObject({ slug: "order-shipped", commit_message: "shop 1.4" });
    expect(values.shipped).toMatchObject({ status: "success" });
  });

  it("the page about moving does what it says", async () => {
    const { values } = await runPage("docs/guide/move-to-the-sdk.md", /^```js\n([^]*?)^```/gm, ["response"]);
    expect(values.response).toMatchObject({ success: true, status_code: 202 });
  });
});
