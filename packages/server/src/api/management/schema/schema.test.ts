import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import { createHub, type Hub } from "../../../../test/hub.ts";
import { until } from "../../../../test/harness.ts";

async function call(hub: Hub, method: "GET" | "POST" | "PATCH", path: string, payload?: unknown) {
  const [route = "", query] = path.split("?");
  const answer = await hub.app.inject({
    method,
    url: `/v1/${hub.workspace.slug}/${route}/${query === undefined ? "" : `?${query}`}`,
    headers: { authorization: `ServiceToken ${hub.serviceToken}` },
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

const find = (hub: Hub, slug: string, version_no: number | null = null) =>
  hub.services.catalog.findPayloadSchema(hub.workspace.workspace_id, { slug, version_no });

describe("200", () => {
  it("stores a draft and reads it in the published shape", async ({ hub }) => {
    const made = await call(hub, "POST", "schema/order", {
      ...BODY,
      slug: "other",
      status: "live",
      hash: "x",
    });
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
    expect(await call(hub, "GET", "schema/order")).toStrictEqual(made);
  });

  it("commits with the draft, and says so", async ({ hub }) => {
    const { status, body } = await call(hub, "POST", "schema/order?commit=true&commit_message=first", BODY);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: "live",
      version_no: 1,
      committed_at: expect.stringMatching(MICROS),
      commit_message: "first",
      commit_result: { is_committed: true, errors: [] },
    });
  });

  it("has nothing to commit when the schema is already live, whatever the order of its keys", async ({
    hub,
  }) => {
    await call(hub, "POST", "schema/order?commit=true", BODY);
    const turned = Object.fromEntries(Object.entries(ORDER).toReversed());
    const again = await call(hub, "POST", "schema/order?commit=true", { ...BODY, json_schema: turned });
    expect(again).toMatchObject({
      status: 200,
      body: {
        status: "draft",
        version_no: 1,
        commit_result: { is_committed: false, errors: ["hash: no uncommitted changes found"] },
      },
    });
    expect(await call(hub, "PATCH", "schema/order/commit")).toMatchObject({
      status: 200,
      body: { version_no: 1 },
    });
  });

  it("keeps the live version apart from the draft until the commit", async ({ hub }) => {
    await call(hub, "POST", "schema/order", BODY);
    expect(await call(hub, "GET", "schema/order?mode=live")).toMatchObject({ status: 404 });
    const committed = await call(hub, "PATCH", "schema/order/commit?commit_message=required%20fields");
    expect(committed).toMatchObject({
      status: 200,
      body: { status: "live", version_no: 1, commit_message: "required fields", json_schema: ORDER },
    });
    await call(hub, "POST", "schema/order", { ...BODY, json_schema: { type: "object" } });
    expect(await call(hub, "GET", "schema/order?mode=live")).toMatchObject({ body: { json_schema: ORDER } });
    expect(await call(hub, "GET", "schema/order")).toMatchObject({
      body: { json_schema: { type: "object" }, commit_message: null, version_no: 1 },
    });
  });

  it("gives every commit the next number, also when two race", async ({ hub }) => {
    const commit = (name: string) =>
      call(hub, "POST", "schema/order?commit=true", { ...BODY, json_schema: { ...ORDER, title: name } });
    const answers = await Promise.all(["a", "b", "c", "d"].map(commit));
    expect(answers.map(({ status }) => status)).toStrictEqual([200, 200, 200, 200]);
    const numbers = new Set(answers.map(({ body }) => body.version_no));
    expect(numbers).toStrictEqual(new Set([1, 2, 3, 4]));
  });

  it("lists in pages, most recently edited first", async ({ hub }) => {
    for (const slug of ["a", "b", "c"]) await call(hub, "POST", `schema/${slug}`, BODY);
    await call(hub, "POST", "schema/b", BODY);
    await call(hub, "POST", "schema/a?commit=true", { ...BODY, name: "Newer" });
    const slugs = async (query: string) => {
      const { body } = await call(hub, "GET", `schema?${query}`);
      return [body.meta, body.results.map((one: { slug: string }) => one.slug)];
    };
    expect(await slugs("")).toStrictEqual([{ count: 3, limit: 10, offset: 0 }, ["a", "c", "b"]]);
    expect(await slugs("limit=1&offset=1")).toStrictEqual([{ count: 3, limit: 1, offset: 1 }, ["c"]]);
    expect(await slugs("mode=live")).toStrictEqual([{ count: 1, limit: 10, offset: 0 }, ["a"]]);
  });

  it("keeps keys that are traps of the language", async ({ hub }) => {
    const json_schema: unknown = JSON.parse(
      '{"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{}},"required":["__proto__"]}',
    );
    await call(hub, "POST", "schema/traps?commit=true", { name: "Traps", json_schema });
    const { body } = await call(hub, "GET", "schema/traps?mode=live");
    expect(JSON.stringify(body.json_schema)).toBe(JSON.stringify(json_schema));
    expect((await find(hub, "traps"))?.validate({})).toStrictEqual([
      "(root): missing required property '__proto__'",
    ]);
  });
});

describe("the schema for payloads", () => {
  it("is the live version, or the one that a link names", async ({ hub }) => {
    await call(hub, "POST", "schema/order", BODY);
    expect(await find(hub, "order")).toBeNull();
    expect(await find(hub, "order", 1)).toBeNull();
    await call(hub, "PATCH", "schema/order/commit");
    const mismatch = ["(root): missing required property 'order_id'"];
    expect((await find(hub, "order"))?.validate({})).toStrictEqual(mismatch);
    expect((await find(hub, "order", 1))?.validate({})).toStrictEqual(mismatch);
    await call(hub, "POST", "schema/order?commit=true", { ...BODY, json_schema: { type: "object" } });
    expect((await find(hub, "order"))?.validate({})).toStrictEqual([]);
    expect((await find(hub, "order", 1))?.validate({})).toStrictEqual(mismatch);
    expect(await find(hub, "order", 3)).toBeNull();
  });

  it("is compiled once per version", async ({ hub }) => {
    await call(hub, "POST", "schema/order?commit=true", BODY);
    // The commit's NOTIFY may arrive between the two and reload everything.
    expect(await until(async () => (await find(hub, "order")) === (await find(hub, "order", 1)))).toBe(true);
  });

  it("does not exist for an invalid link, whatever it says", async ({ hub }) => {
    for (const slug of ["nope", "", "__proto__", "live/order", "x".repeat(100_000)]) {
      expect(await find(hub, slug)).toBeNull();
    }
    expect(await find(hub, "order", 2 ** 52)).toBeNull();
  });

  it("belongs to the workspace", async ({ hub, harness }) => {
    await call(hub, "POST", "schema/order?commit=true", BODY);
    const other = await createHub(harness);
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

  it.for<[string, unknown, Record<string, string[]>]>([
    ["data for a schema", { ...BODY, json_schema: { order_id: "1" } }, { json_schema: [LOOKS_LIKE_DATA] }],
    [
      "a schema that is unsound",
      { ...BODY, json_schema: { properties: { x: { pattern: "(" } } } },
      { json_schema: ["/properties/x/pattern: Invalid regular expression: /(/u: Unterminated group"] },
    ],
    ["no name", { json_schema: ORDER }, { name: ["This field is required."] }],
    ["a blank name", { ...BODY, name: "  " }, { name: ["This field may not be blank."] }],
    ["no schema", { name: "A" }, { json_schema: ["This field is required."] }],
  ])("refuses %s", async ([_case, payload, detail], { hub }) => {
    expect(await call(hub, "POST", "schema/order?commit=true", payload)).toMatchObject({
      status: 400,
      body: { code: 400, type: "ValidationError", message: JSON.stringify(detail), detail },
    });
    expect(await call(hub, "GET", "schema/order")).toMatchObject({ status: 404 });
  });

  it.for(["a schema", "é", "x".repeat(256), "a,b"])("refuses the slug %s", async (slug, { hub }) => {
    expect(await call(hub, "POST", `schema/${encodeURIComponent(slug)}`, BODY)).toMatchObject({
      status: 400,
    });
  });

  it.for([[[]], ["{}"], [true], [null]] as const)(
    "refuses the json_schema %j",
    async ([json_schema], { hub }) => {
      expect(await call(hub, "POST", "schema/order", { name: "A", json_schema })).toMatchObject({
        status: 400,
      });
    },
  );
});

describe("404", () => {
  it("says which schema is unknown", async ({ hub }) => {
    const refusal = {
      status: 404,
      body: { error_code: "not_found", message: "schema (slug: 'nope') not found" },
    };
    expect(await call(hub, "GET", "schema/nope")).toMatchObject(refusal);
    expect(await call(hub, "PATCH", "schema/nope/commit")).toMatchObject(refusal);
  });

  it("keeps workspaces apart", async ({ hub, harness }) => {
    await call(hub, "POST", "schema/order", BODY);
    const other = await createHub(harness);
    expect(await call(other, "GET", "schema/order")).toMatchObject({ status: 404 });
    expect((await call(other, "GET", "schema")).body.results).toStrictEqual([]);
  });
});
