import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import { insertTemplate } from "../../../../test/authored.ts";
import type { Hub } from "../../../../test/hub.ts";

async function call(hub: Hub, method: "GET" | "POST" | "PATCH" | "DELETE", path: string, payload?: unknown) {
  const [route = "", query] = path.split("?");
  const answer = await hub.app.inject({
    method,
    url: `/v1/${hub.workspace.slug}/${route}/${query === undefined ? "" : `?${query}`}`,
    headers: { authorization: `ServiceToken ${hub.serviceToken}` },
    ...(payload === undefined ? {} : { payload: JSON.stringify(payload) }),
  });
  return { status: answer.statusCode, body: answer.body === "" ? null : answer.json() };
}

const addSchema = (hub: Hub, slug: string, commit = true) =>
  call(hub, "POST", `schema/${slug}?commit=${commit}`, {
    name: slug,
    json_schema: { type: "object", required: ["plan"] },
  });
const register = (hub: Hub, ...names: string[]) =>
  hub.services.db.tx((tx) => hub.services.catalog.registerEvents(tx, hub.workspace.workspace_id, names));
const findSchema = (hub: Hub, name: string) =>
  hub.services.catalog.findEventSchema(hub.workspace.workspace_id, name);
const MISMATCH = ["(root): missing required property 'plan'"];

describe("200", () => {
  it("defines an event and reads it in the published shape", async ({ hub }) => {
    await addSchema(hub, "signup");
    const payload_schema = { schema: "signup", version_no: 1 };
    const body = { name: "User Signup Event", description: "On signup", payload_schema };
    const answer = await call(hub, "POST", "event", body);
    expect(answer).toStrictEqual({
      status: 200,
      body: {
        ...body,
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
        $schema: "https://schema.suprsend.com/event/v1/schema.json",
      },
    });
    expect(await call(hub, "GET", "event/User%20Signup%20Event")).toStrictEqual(answer);
    expect(await call(hub, "GET", "event/user%20signup%20EVENT")).toStrictEqual(answer);
  });

  it("changes only the given fields", async ({ hub }) => {
    await addSchema(hub, "signup");
    await call(hub, "POST", "event", { name: "Signup", description: "First" });
    await call(hub, "POST", "event", { name: "signup", payload_schema: { schema: "signup" } });
    const both = {
      name: "Signup",
      description: "First",
      payload_schema: { schema: "signup", version_no: null },
    };
    expect(await call(hub, "GET", "event/signup")).toMatchObject({ body: both });
    const given = { name: "Signup", description: null, payload_schema: null };
    expect(await call(hub, "POST", "event", given)).toMatchObject({ status: 200, body: both });
    expect(await call(hub, "PATCH", "event/Signup", {})).toMatchObject({ status: 200, body: both });
    expect(await call(hub, "PATCH", "event/Signup", { description: "Second" })).toMatchObject({
      body: { ...both, description: "Second" },
    });
    expect(
      await call(hub, "PATCH", "event/Signup", { payload_schema: { schema: "signup", version_no: 1 } }),
    ).toMatchObject({
      body: { payload_schema: { schema: "signup", version_no: 1 } },
    });
  });

  it("removes a schema", async ({ hub }) => {
    await addSchema(hub, "signup");
    await call(hub, "POST", "event", { name: "Signup", payload_schema: { schema: "signup" } });
    expect((await findSchema(hub, "SIGNUP"))?.validate({})).toStrictEqual(MISMATCH);
    expect(await call(hub, "PATCH", "event/Signup/delink_schema")).toMatchObject({
      status: 200,
      body: { name: "Signup", payload_schema: null },
    });
    expect(await findSchema(hub, "Signup")).toBeNull();
  });

  it("lists in pages of at most a hundred, newest first", async ({ hub }) => {
    for (const name of ["One", "Two", "Three"]) await call(hub, "POST", "event", { name });
    const names = async (query: string) => {
      const { body } = await call(hub, "GET", `event?${query}`);
      return [body.meta, body.results.map((one: { name: string }) => one.name)];
    };
    expect(await names("")).toStrictEqual([{ count: 3, limit: 10, offset: 0 }, ["Three", "Two", "One"]]);
    expect(await names("limit=1&offset=1")).toStrictEqual([{ count: 3, limit: 1, offset: 1 }, ["Two"]]);
    expect(await names("limit=1000&offset=9")).toStrictEqual([{ count: 3, limit: 100, offset: 9 }, []]);
  });

  it("takes names of any characters", async ({ hub }) => {
    const name = "$USER_ENTERED_LIST - liste/été 100% 😀";
    expect(await call(hub, "POST", "event", { name })).toMatchObject({ status: 200, body: { name } });
    expect(await call(hub, "GET", `event/${encodeURIComponent(name)}`)).toMatchObject({
      status: 200,
      body: { name },
    });
  });

  it("lists the live workflows that react to an event, and how", async ({ hub }) => {
    const workflow = (trigger_events: string[], success: string) => ({
      name: "W",
      category: "transactional",
      trigger_type: "event",
      trigger_events,
      tree: { nodes: [{ node_type: "send_inbox", template: "hi", success, success_is_event: true }] },
    });
    await call(hub, "POST", "event", { name: "Signed Up" });
    expect(await call(hub, "GET", "event/Signed%20Up/linked_workflows")).toStrictEqual({
      status: 200,
      body: { results: [] },
    });
    await insertTemplate(hub.services, hub.workspace_id, "hi", ["inbox"]);
    const commit = "?commit=true&commit_message=m";
    await call(hub, "POST", `workflow/b${commit}`, workflow(["Signed Up"], "opened"));
    await call(hub, "POST", `workflow/a${commit}`, workflow(["SIGNED UP"], "signed up"));
    await call(hub, "POST", "workflow/draft", workflow(["Signed Up"], "opened"));
    expect((await call(hub, "GET", "event/signed%20up/linked_workflows")).body).toStrictEqual({
      results: [
        { slug: "a", usage: ["Trigger Event", "Success Metric Event"] },
        { slug: "b", usage: ["Trigger Event"] },
      ],
    });
    // Used, though never defined or sent.
    expect((await call(hub, "GET", "event/opened/linked_workflows")).body).toStrictEqual({
      results: [{ slug: "b", usage: ["Success Metric Event"] }],
    });
    await call(hub, "DELETE", "workflow/b");
    expect(await call(hub, "GET", "event/opened/linked_workflows")).toMatchObject({ status: 404 });
  });
});

describe("an event's schema", () => {
  it("is the live version unless the link names one", async ({ hub }) => {
    await addSchema(hub, "signup");
    await call(hub, "POST", "event", { name: "Live", payload_schema: { schema: "signup" } });
    await call(hub, "POST", "event", { name: "First", payload_schema: { schema: "signup", version_no: 1 } });
    await findSchema(hub, "Live");
    await call(hub, "POST", "schema/signup?commit=true", { name: "S", json_schema: { type: "object" } });
    expect((await findSchema(hub, "Live"))?.validate({})).toStrictEqual([]);
    expect((await findSchema(hub, "First"))?.validate({})).toStrictEqual(MISMATCH);
    expect(await findSchema(hub, "Other")).toBeNull();
  });

  it("is known at once to a process that has cached it before", async ({ hub }) => {
    await addSchema(hub, "signup");
    expect(await findSchema(hub, "Signup")).toBeNull();
    await call(hub, "POST", "event", { name: "Signup", payload_schema: { schema: "signup" } });
    expect(await findSchema(hub, "Signup")).not.toBeNull();
  });
});

describe("events that are seen", () => {
  const seen = async (hub: Hub) =>
    (await call(hub, "GET", "event")).body.results.map(({ name }: { name: string }) => name).toSorted();

  it("are known from then on, each once, as first written", async ({ hub }) => {
    await register(hub, "Order Paid", "ORDER PAID", "__proto__", "", "x".repeat(256));
    await register(hub, "order paid", "Other");
    expect(await seen(hub)).toStrictEqual(["Order Paid", "Other", "__proto__"]);
  });

  it("keep what was defined", async ({ hub }) => {
    await call(hub, "POST", "event", { name: "Paid", description: "Money" });
    await register(hub, "PAID");
    expect(await call(hub, "GET", "event/paid")).toMatchObject({
      body: { name: "Paid", description: "Money" },
    });
  });

  it("cost nothing when they are repeated", async ({ hub, harness }) => {
    await register(hub, "Paid");
    await harness.services.db.tx(async (tx) => {
      const refuse = () => Promise.reject(new Error("a statement was sent"));
      await harness.services.catalog.registerEvents({ ...tx, query: refuse }, hub.workspace.workspace_id, [
        "paid",
      ]);
    });
    expect(await seen(hub)).toStrictEqual(["Paid"]);
  });

  it("are not cached as known when their transaction fails", async ({ hub, harness }) => {
    const { db, catalog } = harness.services;
    const failing = db.tx(async (tx) => {
      await catalog.registerEvents(tx, hub.workspace.workspace_id, ["Paid"]);
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    await register(hub, "Paid");
    expect(await seen(hub)).toStrictEqual(["Paid"]);
  });
});

describe("400", () => {
  it.for<[string, unknown, Record<string, string[]>]>([
    ["no name", {}, { name: ["This field is required."] }],
    ["a blank name", { name: " " }, { name: ["This field may not be blank."] }],
    [
      "a reserved name",
      { name: "$paid" },
      { name: ["this event can never come: names that begin with $ or ss_ are reserved"] },
    ],
    [
      "a name of one letter",
      { name: "x" },
      { name: ["this event can never come: its name must be at least 2 characters"] },
    ],
    [
      "an unknown schema",
      { name: "Paid", payload_schema: { schema: "nope" } },
      { payload_schema: ["schema 'nope' not found"] },
    ],
    [
      "a schema that was never committed",
      { name: "Paid", payload_schema: { schema: "draft" } },
      { payload_schema: ["schema 'draft' has no committed version: commit it first"] },
    ],
    [
      "a version that is not there",
      { name: "Paid", payload_schema: { schema: "signup", version_no: 2 ** 40 } },
      { payload_schema: [`schema 'signup' has no version ${2 ** 40}`] },
    ],
  ])("refuses %s, and defines nothing", async ([_case, payload, detail], { hub }) => {
    await addSchema(hub, "draft", false);
    await addSchema(hub, "signup");
    expect(await call(hub, "POST", "event", payload)).toMatchObject({
      status: 400,
      body: { type: "ValidationError", message: JSON.stringify(detail), detail },
    });
    expect((await call(hub, "GET", "event")).body.results).toStrictEqual([]);
  });

  it.for([[null], ["signup"], [[]]] as const)(
    "asks for a schema where a link is %j",
    async ([payload_schema], { hub }) => {
      await call(hub, "POST", "event", { name: "Paid" });
      expect(await call(hub, "PATCH", "event/Paid", { payload_schema })).toMatchObject({
        status: 400,
        body: { detail: { payload_schema: ["Schema is required"] } },
      });
    },
  );

  it("has no schema to remove", async ({ hub }) => {
    await call(hub, "POST", "event", { name: "Paid" });
    const message = "Event does not have a linked schema to delink";
    expect(await call(hub, "PATCH", "event/Paid/delink_schema")).toMatchObject({
      status: 400,
      body: { message, detail: { payload_schema: [message] } },
    });
  });
});

it("404: says which event is unknown, and where", async ({ hub }) => {
  const message = `Event 'No Such' not found in workspace '${hub.workspace.slug}'`;
  const refusal = { status: 404, body: { code: 404, error_code: "not_found", message, detail: message } };
  for (const path of ["", "/linked_workflows"]) {
    expect(await call(hub, "GET", `event/No%20Such${path}`)).toMatchObject(refusal);
  }
  expect(await call(hub, "PATCH", "event/No%20Such", { description: "x" })).toMatchObject(refusal);
  expect(await call(hub, "PATCH", "event/No%20Such/delink_schema")).toMatchObject(refusal);
});
