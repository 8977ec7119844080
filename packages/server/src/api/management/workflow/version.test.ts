import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import { createHub, type Hub } from "../../../../test/hub.ts";
import { createManagement, type Management } from "../../../../test/management.ts";

it.beforeEach(async ({ management }) => {
  await management.addTemplate("welcome");
});

const MICROS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;
const API_SERVICE = { name: "API Service", email: "" };

const bodyOf = (name: string) => ({
  name,
  category: "transactional",
  trigger_type: "api",
  tree: { nodes: [{ node_type: "send_inbox", template: "welcome" }] },
});

async function commit(management: Management, name: string, message = name): Promise<void> {
  const { call } = management;
  const { body } = await call("POST", `workflow/greet?commit=true&commit_message=${message}`, bodyOf(name));
  expect(body.validation_result).toStrictEqual({ is_valid: true, errors: [] });
}

const live = async (hub: Hub) =>
  (await hub.services.catalog.findWorkflow(hub.workspace.workspace_id, "greet"))?.live ?? null;

describe("the versions of a workflow", () => {
  it("are listed in pages, most recently committed first, with their author and which one is live", async ({
    hub,
    management,
  }) => {
    const { call } = management;
    await commit(management, "one");
    await commit(management, "two");
    await call("POST", "workflow/greet", bodyOf("three"));
    const { status, body } = await call("GET", "workflow/greet/version");
    expect(status).toBe(200);
    expect(body).toStrictEqual({
      meta: { count: 2, limit: 10, offset: 0 },
      results: [
        {
          version_no: 2,
          id: (await live(hub))?.version_id,
          hash: expect.stringMatching(/^[0-9a-f]{64}$/),
          commit_message: "two",
          created_at: expect.stringMatching(MICROS),
          created_by: API_SERVICE,
          is_live: true,
        },
        {
          version_no: 1,
          id: expect.any(String),
          hash: expect.any(String),
          commit_message: "one",
          created_at: expect.stringMatching(MICROS),
          created_by: API_SERVICE,
          is_live: false,
        },
      ],
    });
    const second = await call("GET", "workflow/greet/version?limit=1&offset=1");
    expect(second.body).toStrictEqual({
      meta: { count: 2, limit: 1, offset: 1 },
      results: [body.results[1]],
    });
  });

  it("are none before the first commit", async ({ management }) => {
    const { call } = management;
    await call("POST", "workflow/greet", bodyOf("one"));
    expect((await call("GET", "workflow/greet/version")).body).toStrictEqual({
      meta: { count: 0, limit: 10, offset: 0 },
      results: [],
    });
  });

  it("end with the workflow: a new one with its slug has versions of its own", async ({ management }) => {
    const { call } = management;
    await commit(management, "one");
    await call("DELETE", "workflow/greet");
    expect(await call("GET", "workflow/greet/version")).toMatchObject({ status: 404 });
    expect(await call("GET", "workflow/greet/version/1")).toMatchObject({ status: 404 });
    await commit(management, "two");
    const { body } = await call("GET", "workflow/greet/version");
    expect(body.results).toMatchObject([{ version_no: 2, commit_message: "two", is_live: true }]);
    expect(await call("POST", "workflow/greet/version/1/rollback")).toMatchObject({ status: 404 });
  });
});

describe("one version", () => {
  it("is read in the shape of a workflow, as it was committed", async ({ management }) => {
    const { call } = management;
    await commit(management, "one");
    const first = (await call("GET", "workflow/greet?mode=live")).body;
    await commit(management, "two");
    await call("PATCH", "workflow/greet/enable", { is_enabled: false });
    const [, listed] = (await call("GET", "workflow/greet/version")).body.results;
    const { status, body } = await call("GET", "workflow/greet/version/1");
    expect(status).toBe(200);
    expect(body).toStrictEqual({
      ...first,
      is_enabled: false,
      status: "inactive",
      updated_at: listed.created_at,
      active_at: listed.created_at,
      version_no: 1,
    });
    expect(listed.hash).toBe(body.hash);
  });

  it("has the status of the workflow where it is live", async ({ management }) => {
    const { call } = management;
    await commit(management, "one");
    expect((await call("GET", "workflow/greet/version/1")).body).toMatchObject({ status: "active" });
    await call("PATCH", "workflow/greet/enable", { is_enabled: false });
    expect((await call("GET", "workflow/greet/version/1")).body).toMatchObject({ status: "inactive" });
  });

  it("is judged by the current state", async ({ hub, management, harness }) => {
    const { call } = management;
    await commit(management, "one");
    await harness.services.db.query("delete from template where workspace_id = $1", [
      hub.workspace.workspace_id,
    ]);
    expect((await call("GET", "workflow/greet/version/1")).body.validation_result).toStrictEqual({
      is_valid: false,
      errors: ["inbox_1: template: template 'welcome' not found"],
    });
  });
});

describe("a rollback", () => {
  it("makes the version the draft and leaves the live version alone, until a commit makes a new version of it", async ({
    hub,
    management,
  }) => {
    const { call } = management;
    await commit(management, "one");
    const first = (await call("GET", "workflow/greet")).body;
    await commit(management, "two");
    await call("POST", "workflow/greet", bodyOf("edited"));
    const { status, body } = await call("POST", "workflow/greet/version/1/rollback");
    expect(status).toBe(201);
    expect(body).toMatchObject({ name: "one", hash: first.hash, status: "active", commit_message: "two" });
    expect(body).toStrictEqual((await call("GET", "workflow/greet")).body);
    expect(await live(hub)).toMatchObject({ name: "two", version_no: 2 });

    await call("PATCH", "workflow/greet/commit?commit_message=back");
    expect(await live(hub)).toMatchObject({ name: "one", version_no: 3 });
    expect((await call("GET", "workflow/greet/version")).body.results).toMatchObject([
      { version_no: 3, commit_message: "back", hash: first.hash, is_live: true },
      { version_no: 2 },
      { version_no: 1, hash: first.hash },
    ]);
  });

  it("to the live version only discards the edits: there is nothing to commit", async ({ management }) => {
    const { call } = management;
    await commit(management, "one");
    await call("POST", "workflow/greet", bodyOf("edited"));
    await call("POST", "workflow/greet/version/1/rollback");
    await call("PATCH", "workflow/greet/commit");
    expect((await call("GET", "workflow/greet/version")).body.meta.count).toBe(1);
  });

  it("keeps a workflow disabled, and reports when the version is no longer valid", async ({
    hub,
    management,
    harness,
  }) => {
    const { call } = management;
    await commit(management, "one");
    await commit(management, "two");
    await call("PATCH", "workflow/greet/enable", { is_enabled: false });
    await harness.services.db.query("delete from template where workspace_id = $1", [
      hub.workspace.workspace_id,
    ]);
    const { body } = await call("POST", "workflow/greet/version/1/rollback");
    expect(body).toMatchObject({
      is_enabled: false,
      status: "inactive",
      validation_result: { is_valid: false },
    });
    expect(await call("PATCH", "workflow/greet/commit")).toMatchObject({ status: 400 });
    expect(await live(hub)).toMatchObject({ name: "two" });
  });
});

describe("an unknown version", () => {
  it.for([
    ["workflow/nope/version", "workflow (slug: 'nope') not found"],
    ["workflow/nope/version/1", "workflow (slug: 'nope') not found"],
    ["workflow/greet/version/2", "version 2 of workflow (slug: 'greet') not found"],
    ["workflow/greet/version/0", "version 0 of workflow (slug: 'greet') not found"],
    [
      "workflow/greet/version/999999999999999",
      "version 999999999999999 of workflow (slug: 'greet') not found",
    ],
  ] as const)("GET %s is a 404", async ([path, message], { management }) => {
    await commit(management, "one");
    expect(await management.call("GET", path)).toMatchObject({
      status: 404,
      body: { error_code: "not_found", message },
    });
  });

  it("cannot be rolled back to, and the draft stays", async ({ management }) => {
    const { call } = management;
    await commit(management, "one");
    await call("POST", "workflow/greet", bodyOf("edited"));
    expect(await call("POST", "workflow/greet/version/7/rollback")).toMatchObject({ status: 404 });
    expect(await call("POST", "workflow/nope/version/1/rollback")).toMatchObject({ status: 404 });
    expect((await call("GET", "workflow/greet")).body.name).toBe("edited");
  });

  it.for(["one", "-1", "1.5", "1e3", "9999999999999999"])(
    "a version called %s is refused",
    async (version, { management }) => {
      expect(await management.call("GET", `workflow/greet/version/${version}`)).toMatchObject({
        status: 400,
        body: { detail: { version_no: ["must be a whole number"] } },
      });
    },
  );

  it("does not include those of another workspace", async ({ management, harness }) => {
    await commit(management, "one");
    const other = createManagement(harness, (await createHub(harness)).workspace);
    for (const path of ["workflow/greet/version", "workflow/greet/version/1"]) {
      expect(await other.call("GET", path)).toMatchObject({ status: 404 });
    }
    expect(await other.call("POST", "workflow/greet/version/1/rollback")).toMatchObject({ status: 404 });
  });
});
