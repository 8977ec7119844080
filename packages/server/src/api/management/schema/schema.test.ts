import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createHarness, type Harness, until } from "../../../../test/harness.ts";
import type { Workspace } from "../../../workspaces/workspaces.ts";

let harness: Harness;
let workspace: Workspace;
let made = 0;

beforeAll(async () => {
  harness = await createHarness({ role: "api" });
});
afterAll(() => harness.close());
beforeEach(async () => {
  made += 1;
  workspace = await harness.services.workspaces.create({ slug: `w${made}`, name: "W", mode: "sandbox" });
});

async function call(method: "GET" | "POST" | "PATCH", path: string, payload?: unknown) {
  const [route = "", query] = path.split("?");
  const answer = await harness.app.inject({
    method,
    url: `/v1/${workspace.slug}/${route}/${query === undefined ? "" : `?${query}`}`,
    headers: { authorization: `ServiceToken ${harness.serviceToken}` },
    ...(payload === undefined ? {} : { payload: JSON.stringify(payload) }),
  });
  return { status: answer.statusCode, body: answer.json() };
}

const ORDER = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  required: ["order_id"],
  properties: { order_id: { type: "string" } },
};
const BODY = { name: "Order placed", description: "An order", json_schema: ORDER };
const MICROS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

const find = (slug: string, version_no: number | null = null) =>
  harness.services.catalog.findPayloadSchema(workspace.workspace_id, { slug, version_no });

describe("200", () => {
  it("stores a draft and reads it in the published shape", async () => {
    const made = await call("POST", "schema/order", { ...BODY, slug: "other", status: "live", hash: "x" });
    expect(made).toStrictEqual({
      status: 200,
      body: {
        slug: "order",
        name: "Order placed",
        description: "An order",
        status: "draft",
        hash: expect.stringMatching(/^[0-9a-f]{64}$/),
        json_schema: ORDER,
        version_no: null,
        created_at: expect.stringMatching(MICROS),
        updated_at: expect.stringMatching(MICROS),
        committed_at: null,
        commit_message: null,
      },
    });
    expect(await call("GET", "schema/order")).toStrictEqual(made);
  });

  it("commits with the draft, and says so", async () => {
    const { status, body } = await call("POST", "schema/order?commit=true&commit_message=first", BODY);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: "live",
      version_no: 1,
      committed_at: expect.stringMatching(MICROS),
      commit_message: "first",
      commit_result: { is_committed: true, errors: [] },
    });
  });

  it("has nothing to commit when the schema is already live, whatever the order of its keys", async () => {
    await call("POST", "schema/order?commit=true", BODY);
    const turned = Object.fromEntries(Object.entries(ORDER).toReversed());
    const again = await call("POST", "schema/order?commit=true", { ...BODY, json_schema: turned });
    expect(again).toMatchObject({
      status: 200,
      body: {
        status: "draft",
        version_no: 1,
        commit_result: { is_committed: false, errors: ["hash: no uncommitted changes found"] },
      },
    });
    expect(await call("PATCH", "schema/order/commit")).toMatchObject({
      status: 200,
      body: { version_no: 1 },
    });
  });

  it("keeps the live version apart from the draft until the commit", async () => {
    await call("POST", "schema/order", BODY);
    expect(await call("GET", "schema/order?mode=live")).toMatchObject({ status: 404 });
    const committed = await call("PATCH", "schema/order/commit?commit_message=required%20fields");
    expect(committed).toMatchObject({
      status: 200,
      body: { status: "live", version_no: 1, commit_message: "required fields", json_schema: ORDER },
    });
    await call("POST", "schema/order", { ...BODY, json_schema: { type: "object" } });
    expect(await call("GET", "schema/order?mode=live")).toMatchObject({ body: { json_schema: ORDER } });
    expect(await call("GET", "schema/order")).toMatchObject({
      body: { json_schema: { type: "object" }, commit_message: null, version_no: 1 },
    });
  });

  it("gives every commit the next number, also when two race", async () => {
    const commit = (name: string) =>
      call("POST", "schema/order?commit=true", { ...BODY, json_schema: { ...ORDER, title: name } });
    const answers = await Promise.all(["a", "b", "c", "d"].map(commit));
    expect(answers.map(({ status }) => status)).toStrictEqual([200, 200, 200, 200]);
    const numbers = new Set(answers.map(({ body }) => body.version_no));
    expect(numbers).toStrictEqual(new Set([1, 2, 3, 4]));
  });

  it("lists in pages, most recently edited first", async () => {
    for (const slug of ["a", "b", "c"]) await call("POST", `schema/${slug}`, BODY);
    await call("POST", "schema/b", BODY);
    await call("POST", "schema/a?commit=true", { ...BODY, name: "Newer" });
    const slugs = async (query: string) => {
      const { body } = await call("GET", `schema?${query}`);
      return [body.meta, body.results.map((one: { slug: string }) => one.slug)];
    };
    expect(await slugs("")).toStrictEqual([{ count: 3, limit: 10, offset: 0 }, ["a", "c", "b"]]);
    expect(await slugs("limit=1&offset=1")).toStrictEqual([{ count: 3, limit: 1, offset: 1 }, ["c"]]);
    expect(await slugs("mode=live")).toStrictEqual([{ count: 1, limit: 10, offset: 0 }, ["a"]]);
  });

  it("keeps keys that are traps of the language", async () => {
    const json_schema: unknown = JSON.parse(
      '{"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{}},"required":["__proto__"]}',
    );
    await call("POST", "schema/traps?commit=true", { name: "Traps", json_schema });
    const { body } = await call("GET", "schema/traps?mode=live");
    expect(JSON.stringify(body.json_schema)).toBe(JSON.stringify(json_schema));
    expect((await find("traps"))?.validate({})).toStrictEqual([
      "(root): missing required property '__proto__'",
    ]);
  });
});

describe("the schema for payloads", () => {
  it("is the live version, or the one that a link names", async () => {
    await call("POST", "schema/order", BODY);
    expect(await find("order")).toBeNull();
    expect(await find("order", 1)).toBeNull();
    await call("PATCH", "schema/order/commit");
    const mismatch = ["(root): missing required property 'order_id'"];
    expect((await find("order"))?.validate({})).toStrictEqual(mismatch);
    expect((await find("order", 1))?.validate({})).toStrictEqual(mismatch);
    await call("POST", "schema/order?commit=true", { ...BODY, json_schema: { type: "object" } });
    expect((await find("order"))?.validate({})).toStrictEqual([]);
    expect((await find("order", 1))?.validate({})).toStrictEqual(mismatch);
    expect(await find("order", 3)).toBeNull();
  });

  it("is compiled once per version", async () => {
    await call("POST", "schema/order?commit=true", BODY);
    // The commit's NOTIFY may arrive between the two and reload everything.
    expect(await until(async () => (await find("order")) === (await find("order", 1)))).toBe(true);
  });

  it("does not exist for an invalid link, whatever it says", async () => {
    for (const slug of ["nope", "", "__proto__", "live/order", "x".repeat(100_000)]) {
      expect(await find(slug)).toBeNull();
    }
    expect(await find("order", 2 ** 52)).toBeNull();
  });

  it("belongs to the workspace", async () => {
    await call("POST", "schema/order?commit=true", BODY);
    const other = await harness.services.workspaces.create({
      slug: `other${made}`,
      name: "O",
      mode: "sandbox",
    });
    expect(
      await harness.services.catalog.findPayloadSchema(other.workspace_id, {
        slug: "order",
        version_no: null,
      }),
    ).toBeNull();
  });
});

describe("400", () => {
  const LOOKS_LIKE_DATA =
    "Schema looks like JSON data, not a JSON Schema. Include keywords like '$schema', 'type', 'properties', or '$defs'.";

  it.each<[string, unknown, Record<string, string[]>]>([
    ["data for a schema", { ...BODY, json_schema: { order_id: "1" } }, { json_schema: [LOOKS_LIKE_DATA] }],
    [
      "a schema that is unsound",
      { ...BODY, json_schema: { properties: { x: { pattern: "(" } } } },
      { json_schema: ["/properties/x/pattern: Invalid regular expression: /(/u: Unterminated group"] },
    ],
    ["no name", { json_schema: ORDER }, { name: ["This field is required."] }],
    ["a blank name", { ...BODY, name: "  " }, { name: ["This field may not be blank."] }],
    ["no schema", { name: "A" }, { json_schema: ["This field is required."] }],
  ])("refuses %s", async (_case, payload, detail) => {
    expect(await call("POST", "schema/order?commit=true", payload)).toMatchObject({
      status: 400,
      body: { code: 400, type: "ValidationError", message: JSON.stringify(detail), detail },
    });
    expect(await call("GET", "schema/order")).toMatchObject({ status: 404 });
  });

  it.each(["a schema", "é", "x".repeat(256), "a,b"])("refuses the slug %s", async (slug) => {
    expect(await call("POST", `schema/${encodeURIComponent(slug)}`, BODY)).toMatchObject({ status: 400 });
  });

  it.each([[[]], ["{}"], [true], [null]])("refuses the json_schema %j", async (json_schema) => {
    expect(await call("POST", "schema/order", { name: "A", json_schema })).toMatchObject({ status: 400 });
  });
});

describe("404", () => {
  it("says which schema is unknown", async () => {
    const refusal = {
      status: 404,
      body: { error_code: "not_found", message: "schema (slug: 'nope') not found" },
    };
    expect(await call("GET", "schema/nope")).toMatchObject(refusal);
    expect(await call("PATCH", "schema/nope/commit")).toMatchObject(refusal);
  });

  it("keeps workspaces apart", async () => {
    await call("POST", "schema/order", BODY);
    workspace = await harness.services.workspaces.create({ slug: `x${made}`, name: "X", mode: "sandbox" });
    expect(await call("GET", "schema/order")).toMatchObject({ status: 404 });
    expect((await call("GET", "schema")).body.results).toStrictEqual([]);
  });
});
