import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import { createHub, type Hub } from "../../../../test/hub.ts";
import { compileInlineWorkflow, parseInlineTrigger } from "../../../catalog/inline-workflow.ts";

it.beforeEach(async ({ hub }) => {
  await call(hub, "POST", "template/welcome", { name: "Welcome", enabled_channels: ["inbox"] }, "v2");
  const content = { body: "Hello {{name}}" };
  await call(hub, "POST", "template/welcome/channel/inbox/variant/default", { locale: "en", content }, "v2");
  await call(hub, "PATCH", "template/welcome/commit", {}, "v2");
});

type Method = "GET" | "POST" | "PATCH" | "DELETE";

async function call(hub: Hub, method: Method, path: string, payload?: unknown, version = "v1") {
  const [route = "", query] = path.split("?");
  const answer = await hub.app.inject({
    method,
    url: `/${version}/${hub.workspace.slug}/${route}/${query === undefined ? "" : `?${query}`}`,
    headers: { authorization: `ServiceToken ${hub.serviceToken}` },
    ...(payload === undefined ? {} : { payload: JSON.stringify(payload) }),
  });
  return { status: answer.statusCode, body: answer.body === "" ? null : answer.json() };
}

const BODY = {
  name: "Greet",
  category: "transactional",
  trigger_type: "api",
  tree: { nodes: [{ node_type: "send_inbox", template: "welcome" }] },
};
const ON_SIGNUP = { ...BODY, trigger_type: "event", trigger_events: ["Signed Up"] };

const findWorkflow = (hub: Hub, slug: string) =>
  hub.services.catalog.findWorkflow(hub.workspace.workspace_id, slug);
const findTriggered = (hub: Hub, event: string) =>
  hub.services.catalog.findTriggered(hub.workspace.workspace_id, event);

async function versionsOf(hub: Hub, slug: string) {
  return hub.services.db.query<{ id: string; version_no: number; commit_message: string | null }>(
    "select id, version_no, commit_message from workflow_version where workspace_id = $1 and slug = $2 order by version_no",
    [hub.workspace.workspace_id, slug],
  );
}

describe("200", () => {
  it("reads a draft in the published shape", async ({ hub }) => {
    await call(hub, "POST", "workflow/greet", BODY);
    const { status, body } = await call(hub, "GET", "workflow/greet");
    expect(status).toBe(200);
    expect(body).toStrictEqual({
      $schema: "https://schema.suprsend.com/workflow/v1/schema.json",
      slug: "greet",
      name: "Greet",
      description: null,
      category: "transactional",
      tags: [],
      trigger_type: "api",
      trigger_events: [],
      payload_schema: null,
      is_enabled: true,
      ratelimit: null,
      conditions: [],
      override_recipients_type: null,
      override_recipients_user_expr: null,
      override_recipients_single_object_fields_expr: null,
      override_actor_user_expr: null,
      override_tenant_expr: null,
      tree: {
        nodes: [
          {
            node_type: "send_inbox",
            name: "Inbox",
            description: null,
            ref: "inbox_1",
            schema_version: "1",
            properties: { template: "welcome" },
          },
        ],
      },
      status: "draft",
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      commit_message: null,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      updated_at: expect.stringMatching(/Z$/),
      active_at: null,
      last_executed_at: null,
      updated_by: { name: "API Service", email: "" },
      validation_result: { is_valid: true, errors: [] },
    });
  });

  it("reads workflows of inline triggers, and refuses to write them", async ({ hub, harness }) => {
    const parsed = parseInlineTrigger(
      { name: "Hello You", template: "welcome", notification_category: "transactional", users: ["ann"] },
      { max_recipients: 1 },
    );
    if (!parsed.ok) throw new Error(parsed.message);
    const { slug } = parsed.value;
    await harness.services.catalog.ensureDynamic(
      hub.workspace.workspace_id,
      slug,
      compileInlineWorkflow(parsed.value),
    );
    const { body } = await call(hub, "GET", `workflow/${slug}`);
    expect(body).toMatchObject({
      trigger_type: "dynamic",
      status: "active",
      validation_result: { is_valid: true, errors: [] },
    });
    expect((await call(hub, "GET", `workflow/${slug}?mode=live`)).body).toEqual(body);
    expect((await call(hub, "GET", "workflow?mode=live")).body).toMatchObject({
      meta: { count: 1 },
      results: [{ slug, status: "active" }],
    });
    expect((await call(hub, "GET", `workflow/${slug}/version`)).body.results).toMatchObject([
      { version_no: 1, is_live: true },
    ]);
    for (const answer of [
      await call(hub, "POST", `workflow/${slug}`, BODY),
      await call(hub, "PATCH", `workflow/${slug}/commit`),
    ]) {
      expect(answer.status).toBe(400);
      expect(JSON.stringify(answer.body)).toContain("is made by inline triggers and cannot be written");
    }
    const own = await call(hub, "POST", "workflow/own", { ...BODY, trigger_type: "dynamic" });
    expect(own).toMatchObject({ status: 400, body: { detail: { trigger_type: [expect.any(String)] } } });
  });

  it("lists in pages, most recently edited first", async ({ hub }) => {
    for (const slug of ["a", "b", "c"]) await call(hub, "POST", `workflow/${slug}`, BODY);
    await call(hub, "POST", "workflow/a", { ...BODY, name: "Newer" });
    const slugs = async (query: string) => {
      const { body } = await call(hub, "GET", `workflow?${query}`);
      return [body.meta, body.results.map((one: { slug: string }) => one.slug)];
    };
    expect(await slugs("")).toStrictEqual([{ count: 3, limit: 10, offset: 0 }, ["a", "c", "b"]]);
    expect(await slugs("limit=2&offset=1")).toStrictEqual([{ count: 3, limit: 2, offset: 1 }, ["c", "b"]]);
    expect(await slugs("limit=0&offset=-5")).toStrictEqual([
      { count: 3, limit: 10, offset: 0 },
      ["a", "c", "b"],
    ]);
    expect(await slugs("limit=100000")).toStrictEqual([
      { count: 3, limit: 1000, offset: 0 },
      ["a", "c", "b"],
    ]);
    expect(await slugs("slugs=b,%20c,nope")).toStrictEqual([{ count: 2, limit: 10, offset: 0 }, ["c", "b"]]);
    expect(await slugs("slugs=b&slugs=c")).toStrictEqual([{ count: 2, limit: 10, offset: 0 }, ["c", "b"]]);
    expect(await slugs("mode=live")).toStrictEqual([{ count: 0, limit: 10, offset: 0 }, []]);
  });

  it("reads the live version apart from the draft", async ({ hub }) => {
    await call(hub, "POST", "workflow/greet?commit=true&commit_message=first", BODY);
    await call(hub, "POST", "workflow/greet", { ...BODY, name: "Later" });
    expect((await call(hub, "GET", "workflow/greet")).body).toMatchObject({
      name: "Later",
      status: "active",
      commit_message: "first",
    });
    expect((await call(hub, "GET", "workflow/greet?mode=live")).body).toMatchObject({
      name: "Greet",
      status: "active",
    });
    expect((await call(hub, "GET", "workflow?mode=live")).body.results).toMatchObject([{ name: "Greet" }]);
  });

  it("keeps workspaces apart", async ({ hub, harness }) => {
    await call(hub, "POST", "workflow/greet", BODY);
    const other = await createHub(harness);
    expect((await call(other, "GET", "workflow")).body.meta.count).toBe(0);
    expect((await call(other, "GET", "workflow/greet")).status).toBe(404);
  });

  it("reports that a workflow has become invalid when its template is deleted", async ({ hub }) => {
    await call(hub, "POST", "workflow/greet", BODY);
    await call(hub, "DELETE", "template/welcome", undefined, "v2");
    expect((await call(hub, "GET", "workflow/greet")).body.validation_result).toStrictEqual({
      is_valid: false,
      errors: ["inbox_1: template: template 'welcome' not found"],
    });
  });
});

describe("201", () => {
  it("stores a flat tree and returns it nested", async ({ hub }) => {
    const { status, body } = await call(hub, "POST", "workflow/greet", BODY);
    expect(status).toBe(201);
    expect(body.tree.nodes[0].properties).toStrictEqual({ template: "welcome" });
    expect(body.validation_result).toStrictEqual({ is_valid: true, errors: [] });
  });

  it("stores an invalid workflow and says why, also when a commit was requested", async ({ hub }) => {
    const invalid = { name: "", category: "marketing", tree: { nodes: [{ node_type: "teleport" }] } };
    const { status, body } = await call(hub, "POST", "workflow/greet?commit=true&commit_message=x", invalid);
    expect(status).toBe(201);
    expect(body.status).toBe("draft");
    expect(body.validation_result).toStrictEqual({
      is_valid: false,
      errors: [
        "name: is a required field",
        "category: category 'marketing' not found",
        "tree: must contain at least one node that sends a notification or calls an HTTP API",
        "teleport_1: node_type 'teleport' is not supported",
      ],
    });
    expect(await findWorkflow(hub, "greet")).toMatchObject({ live: null });
  });

  it("commits a valid workflow", async ({ hub }) => {
    const { status, body } = await call(hub, "POST", "workflow/greet?commit=true&commit_message=first", BODY);
    expect(status).toBe(201);
    expect(body).toMatchObject({ status: "active", commit_message: "first", active_at: expect.any(String) });
    expect(await findWorkflow(hub, "greet")).toMatchObject({
      is_enabled: true,
      live: { version_no: 1, name: "Greet" },
    });
  });

  it("changes nothing when what was read is written back", async ({ hub }) => {
    await call(hub, "POST", "workflow/greet?commit=true&commit_message=first", ON_SIGNUP);
    await call(hub, "PATCH", "workflow/greet/enable", { is_enabled: false });
    const read = (await call(hub, "GET", "workflow/greet")).body;
    const written = await call(hub, "POST", "workflow/greet?commit=true&commit_message=again", read);
    expect(written.body).toStrictEqual(read);
    expect(await versionsOf(hub, "greet")).toHaveLength(1);
  });

  it("enables and disables a workflow at once, and leaves it unchanged by default", async ({ hub }) => {
    await call(hub, "POST", "workflow/greet?commit=true&commit_message=x", ON_SIGNUP);
    expect(await findTriggered(hub, "signed up")).toStrictEqual(["greet"]);
    expect((await call(hub, "POST", "workflow/greet", { ...ON_SIGNUP, is_enabled: false })).body.status).toBe(
      "inactive",
    );
    expect(await findTriggered(hub, "signed up")).toStrictEqual([]);
    expect((await call(hub, "POST", "workflow/greet", ON_SIGNUP)).body.is_enabled).toBe(false);
  });

  it("serialises concurrent creations of one slug", async ({ hub }) => {
    const names = ["A", "B", "C", "D", "E"];
    const answers = await Promise.all(
      names.map((name) =>
        call(hub, "POST", `workflow/greet?commit=true&commit_message=${name}`, { ...BODY, name }),
      ),
    );
    expect(answers.map(({ status }) => status)).toStrictEqual([201, 201, 201, 201, 201]);
    const versions = await versionsOf(hub, "greet");
    expect(versions.map(({ version_no }) => version_no)).toStrictEqual([1, 2, 3, 4, 5]);
    expect(new Set(versions.map(({ commit_message }) => commit_message))).toStrictEqual(new Set(names));
    expect((await findWorkflow(hub, "greet"))?.live?.version_id).toBe(versions.at(-1)?.id);
  });
});

describe("202", () => {
  it("commits a draft as the next version and keeps the last for runs on it", async ({ hub, harness }) => {
    await call(hub, "POST", "workflow/greet", BODY);
    expect(await call(hub, "PATCH", "workflow/greet/commit?commit_message=one")).toMatchObject({
      status: 202,
      body: { status: "active", commit_message: "one" },
    });
    await call(hub, "POST", "workflow/greet", { ...BODY, name: "Two" });
    expect(await findWorkflow(hub, "greet")).toMatchObject({ live: { name: "Greet", version_no: 1 } });
    const second = await call(hub, "PATCH", "workflow/greet/commit");
    expect(second).toMatchObject({ status: 202, body: { name: "Two", commit_message: null } });
    expect(await findWorkflow(hub, "greet")).toMatchObject({ live: { name: "Two", version_no: 2 } });
    const [first] = await versionsOf(hub, "greet");
    const pinned = await harness.services.catalog.getVersion(hub.workspace.workspace_id, first?.id ?? "");
    expect(pinned).toMatchObject({ name: "Greet", version_no: 1 });
  });

  it("makes no new version of a draft that is already live", async ({ hub }) => {
    await call(hub, "POST", "workflow/greet", BODY);
    const first = await call(hub, "PATCH", "workflow/greet/commit?commit_message=one");
    const again = await call(hub, "PATCH", "workflow/greet/commit?commit_message=two");
    expect(again).toStrictEqual(first);
    expect(await versionsOf(hub, "greet")).toHaveLength(1);
  });

  it("makes one version of a commit that is sent several times at once", async ({ hub }) => {
    await call(hub, "POST", "workflow/greet", BODY);
    const commits = await Promise.all([1, 2, 3, 4].map(() => call(hub, "PATCH", "workflow/greet/commit")));
    expect(commits.map(({ status }) => status)).toStrictEqual([202, 202, 202, 202]);
    expect(await versionsOf(hub, "greet")).toHaveLength(1);
  });

  it("keeps the index of events in step with the live version, in all three uses", async ({
    hub,
    harness,
  }) => {
    const indexed = () =>
      harness.services.db.query(
        "select event_name, usage from workflow_event where workspace_id = $1 order by usage, event_name",
        [hub.workspace.workspace_id],
      );
    const success = { node_type: "send_inbox", template: "welcome", success: "Paid", success_is_event: true };
    await call(hub, "POST", "workflow/greet", { ...ON_SIGNUP, tree: { nodes: [success] } });
    expect(await indexed()).toStrictEqual([]);
    expect(await findTriggered(hub, "Signed Up")).toStrictEqual([]);
    await call(hub, "PATCH", "workflow/greet/commit");
    expect(await indexed()).toStrictEqual([
      { event_name: "paid", usage: "Success Metric Event" },
      { event_name: "signed up", usage: "Trigger Event" },
    ]);
    expect(await findTriggered(hub, "SIGNED up")).toStrictEqual(["greet"]);

    await call(hub, "POST", "workflow/greet", { ...ON_SIGNUP, trigger_events: ["Invited"] });
    expect(await findTriggered(hub, "signed up")).toStrictEqual(["greet"]);
    await call(hub, "PATCH", "workflow/greet/commit");
    expect(await findTriggered(hub, "signed up")).toStrictEqual([]);
    expect(await findTriggered(hub, "invited")).toStrictEqual(["greet"]);
    expect(await indexed()).toStrictEqual([{ event_name: "invited", usage: "Trigger Event" }]);
  });

  it("disables and enables at once", async ({ hub }) => {
    await call(hub, "POST", "workflow/greet?commit=true&commit_message=x", ON_SIGNUP);
    expect(await findTriggered(hub, "signed up")).toStrictEqual(["greet"]);
    const off = await call(hub, "PATCH", "workflow/greet/enable", { is_enabled: false });
    expect(off).toMatchObject({ status: 202, body: { is_enabled: false, status: "inactive" } });
    expect(await findTriggered(hub, "signed up")).toStrictEqual([]);
    expect(await findWorkflow(hub, "greet")).toMatchObject({ is_enabled: false });
    const on = await call(hub, "PATCH", "workflow/greet/enable", { is_enabled: true });
    expect(on).toMatchObject({ status: 202, body: { is_enabled: true, status: "active" } });
    expect(await findTriggered(hub, "signed up")).toStrictEqual(["greet"]);
  });
});

describe("204", () => {
  it("deletes: new triggers find nothing, runs in progress still find their version", async ({
    hub,
    harness,
  }) => {
    await call(hub, "POST", "workflow/greet?commit=true&commit_message=x", ON_SIGNUP);
    const version_id = (await findWorkflow(hub, "greet"))?.live?.version_id ?? "";
    expect(await findTriggered(hub, "signed up")).toStrictEqual(["greet"]);
    expect(await call(hub, "DELETE", "workflow/greet")).toStrictEqual({ status: 204, body: null });
    expect(await findWorkflow(hub, "greet")).toBeNull();
    expect(await findTriggered(hub, "signed up")).toStrictEqual([]);
    expect((await call(hub, "GET", "workflow")).body.meta.count).toBe(0);
    expect(await harness.services.catalog.getVersion(hub.workspace.workspace_id, version_id)).toMatchObject({
      version_no: 1,
    });
  });

  it("leaves the slug free for a fresh draft", async ({ hub }) => {
    await call(hub, "POST", "workflow/greet?commit=true&commit_message=old", {
      ...ON_SIGNUP,
      is_enabled: false,
    });
    await call(hub, "DELETE", "workflow/greet");
    const revived = await call(hub, "POST", "workflow/greet", BODY);
    expect(revived).toMatchObject({
      status: 201,
      body: { status: "draft", is_enabled: true, active_at: null, commit_message: null },
    });
    expect((await call(hub, "GET", "workflow/greet?mode=live")).status).toBe(404);
    expect(await findWorkflow(hub, "greet")).toMatchObject({ live: null });
    await call(hub, "PATCH", "workflow/greet/commit");
    expect((await versionsOf(hub, "greet")).map(({ version_no }) => version_no)).toStrictEqual([1, 2]);
  });
});

describe("400", () => {
  it.for<[Method, string, unknown, string]>([
    ["POST", "workflow/greet", { name: 5 }, "name"],
    ["POST", "workflow/greet", { tree: { nodes: [{}] } }, "tree.nodes[0].node_type"],
    ["POST", "workflow/greet", { tree: { nodes: "x" } }, "tree.nodes"],
    ["POST", "workflow/greet?commit=perhaps", BODY, "commit"],
    ["POST", "workflow/greet?commit=true", BODY, "commit_message"],
    ["POST", "workflow/Greet", BODY, "slug"],
    ["POST", `workflow/${"x".repeat(256)}`, BODY, "slug"],
    ["PATCH", "workflow/greet/enable", {}, "is_enabled"],
    ["PATCH", "workflow/greet/enable", { is_enabled: "false" }, "is_enabled"],
    ["GET", "workflow?mode=past", undefined, "mode"],
    ["GET", "workflow?limit=ten", undefined, "limit"],
  ])("%s %s %j names the field", async ([method, path, payload, field], { hub }) => {
    const { status, body } = await call(hub, method, path, payload);
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 400, error_code: "error", type: "ValidationError" });
    expect(body.message).toBe(JSON.stringify(body.detail));
    expect(Object.keys(body.detail)).toStrictEqual([field]);
  });

  it("refuses to commit an invalid workflow, with the reasons, and changes nothing", async ({ hub }) => {
    await call(hub, "POST", "workflow/greet?commit=true&commit_message=sound", BODY);
    const empty = { ...BODY, tree: { nodes: [] } };
    await call(hub, "POST", "workflow/greet", empty);
    const { status, body } = await call(hub, "PATCH", "workflow/greet/commit");
    const detail = ["tree: must contain at least one node that sends a notification or calls an HTTP API"];
    expect(status).toBe(400);
    expect(body).toStrictEqual({
      code: 400,
      error_code: "validation_error",
      type: "ValidationError",
      message: detail.join("; "),
      detail,
    });
    expect(await findWorkflow(hub, "greet")).toMatchObject({ live: { version_no: 1 } });
  });

  it("refuses a body that is not JSON", async ({ hub, harness }) => {
    const answer = await harness.app.inject({
      method: "POST",
      url: `/v1/${hub.workspace.slug}/workflow/greet/`,
      headers: { authorization: `ServiceToken ${harness.serviceToken}` },
      payload: "{",
    });
    expect(answer.statusCode).toBe(400);
  });
});

describe("401", () => {
  it("refuses a wrong token before it looks at anything else", async ({ harness }) => {
    const answer = await harness.app.inject({
      method: "POST",
      url: "/v1/no-such-workspace/workflow/greet/",
      headers: { authorization: "ServiceToken wrong" },
      payload: "{",
    });
    expect(answer.statusCode).toBe(401);
    expect(answer.json()).toMatchObject({
      error_code: "authentication_failed",
      type: "AuthenticationFailed",
    });
  });
});

describe("404", () => {
  it.for<[Method, string, unknown]>([
    ["GET", "workflow/nope", undefined],
    ["GET", "workflow/nope?mode=live", undefined],
    ["PATCH", "workflow/nope/commit", undefined],
    ["PATCH", "workflow/nope/enable", { is_enabled: true }],
    ["DELETE", "workflow/nope", undefined],
  ])("%s %s", async ([method, path, payload], { hub }) => {
    expect(await call(hub, method, path, payload)).toStrictEqual({
      status: 404,
      body: {
        code: 404,
        error_code: "not_found",
        type: "NotFound",
        message: "workflow (slug: 'nope') not found",
        detail: "workflow (slug: 'nope') not found",
      },
    });
  });

  it("names a workspace that does not exist", async ({ hub }) => {
    const nowhere = { ...hub, workspace: { ...hub.workspace, slug: "nowhere" } };
    expect((await call(nowhere, "GET", "workflow")).body.message).toBe("workspace 'nowhere' not found");
  });

  it("has no live version without a commit", async ({ hub }) => {
    await call(hub, "POST", "workflow/greet", BODY);
    expect((await call(hub, "GET", "workflow/greet?mode=live")).status).toBe(404);
  });
});
