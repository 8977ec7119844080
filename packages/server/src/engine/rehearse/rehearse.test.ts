import { describe, expect } from "vitest";
import { onServer as it } from "../../../test/fixture.ts";
import { is } from "../../../test/conditions.ts";
import { delay, node, type Pipeline, sms } from "../../../test/pipeline.ts";
import type { JsonObject } from "../../core/json.ts";
import { type Rehearsal } from "../engine.ts";

/* A dry run of workflows that trigger others. The endpoint: api/hub/trigger. */

it.beforeEach(async ({ pipeline }) => {
  await pipeline.addTemplate("text");
  await pipeline.call("POST", "/v1/user/vic/", { $sms: "+14155550102" });
});

const ann = { distinct_id: "ann", $sms: "+14155550100" };

const invoke = (workflow: string, properties: JsonObject = { recipient_selection: "recipient" }) =>
  node("invokeworkflow", `invoke_${workflow}`, { workflow, ...properties });

const rehearse = (pipeline: Pipeline, name: string, body: JsonObject = {}): Promise<Rehearsal> =>
  pipeline.services.engine.rehearse({
    workspace_id: pipeline.workspace_id,
    name,
    tenant_id: null,
    body: { workflow: name, recipients: [ann], ...body },
  });

const DAY_MS = 86_400_000;

describe("a rehearsal of a workflow that triggers others", () => {
  it("shows whom they reach, with which message, and when", async ({ pipeline, harness }) => {
    await pipeline.commit("grandchild", [sms("g")]);
    await pipeline.commit("child", [delay("d", "1d"), sms("c"), invoke("grandchild")]);
    await pipeline.commit("parent", [
      delay("d", "10d"),
      invoke("child", { recipient_selection: "expression", recipient_expression: '["vic"]' }),
      delay("e", "5d"),
      sms("p"),
    ]);
    const begun = Date.now();
    const { runs, problems, is_complete } = await rehearse(pipeline, "parent");
    expect(problems).toEqual([]);
    expect(is_complete).toBe(true);
    const shown = runs.map(({ workflow_slug, distinct_id, status, ends_at, messages }) => [
      workflow_slug,
      distinct_id,
      status,
      Math.round((ends_at.getTime() - begun) / DAY_MS),
      messages.map(({ node_ref, channel_value }) => [node_ref, channel_value]),
    ]);
    expect(shown).toEqual([
      ["parent", "ann", "completed", 15, [["p", "+14155550100"]]],
      ["child", "vic", "completed", 11, [["c", "+14155550102"]]],
      ["grandchild", "vic", "completed", 11, [["g", "+14155550102"]]],
    ]);
    expect(runs[1]?.steps.map(({ m }) => m)).toContain(
      "workflow 'child', triggered by the execution of 'parent' for 'ann'",
    );
    expect(await pipeline.runs()).toEqual([]);
    const { db } = harness.services;
    expect(await db.query("select 1 from request where workspace_id = $1", [pipeline.workspace_id])).toEqual(
      [],
    );
  });

  it("applies their gates, and reports what those refuse", async ({ pipeline }) => {
    await pipeline.commit("child", [sms("c")], { conditions: [is("plan", "pro")] });
    await pipeline.commit("parent", [invoke("child")]);
    const { runs, problems } = await rehearse(pipeline, "parent", { data: { plan: "free" } });
    expect(runs).toMatchObject([{ workflow_slug: "parent" }]);
    expect(problems).toMatchObject([
      { error_code: "conditions_false", workflow_slug: "child", recipient: "ann" },
    ]);
  });

  it("follows a circle until the engine ends it", async ({ pipeline }) => {
    await pipeline.commit("circle", [sms("c"), invoke("circle")]);
    const { runs, is_complete } = await rehearse(pipeline, "circle");
    expect(runs).toHaveLength(11);
    expect(is_complete).toBe(true);
    expect(runs.at(-1)?.status).not.toBe("completed");
  });

  it("stops at the maximum number of runs, and says that it is not complete", async ({ pipeline }) => {
    const names = Array.from({ length: 90 }, (_, index) => `u${index}`);
    await pipeline.commit("flood", [
      invoke("flood", {
        recipient_selection: "expression",
        recipient_expression: JSON.stringify(names),
      }),
    ]);
    const { runs, problems, is_complete } = await rehearse(pipeline, "flood");
    expect(is_complete).toBe(false);
    // The run itself, and as many triggers of ninety as fit.
    expect(runs).toHaveLength(1 + 5 * 90);
    expect(problems).toEqual([
      expect.objectContaining({ error_code: "not_rehearsed", workflow_slug: "flood", severity: "info" }),
    ]);
  });

  it("names the workflows that a list's event would start, which it leaves out", async ({ pipeline }) => {
    await pipeline.commit("hello", [sms("h")], { events: ["$USER_ENTERED_LIST - vips"] });
    const join = { list_id: "vips", create_list_if_missing: true, user_selection: ["recipient"] };
    await pipeline.commit("join", [node("subscriberlistoperation_adduser", "add", join)]);
    const { problems, is_complete } = await rehearse(pipeline, "join");
    expect(is_complete).toBe(false);
    const text =
      "workflow 'hello' is not rehearsed: it would be started by event '$USER_ENTERED_LIST - vips'";
    expect(problems).toMatchObject([{ error_code: "not_rehearsed", error_description: text }]);
    await pipeline.commit("leave", [
      node("subscriberlistoperation_adduser", "add", { ...join, list_id: "b" }),
    ]);
    expect(await rehearse(pipeline, "leave")).toMatchObject({ problems: [], is_complete: true });
  });

  it("names the node whose call is not made", async ({ pipeline }) => {
    await pipeline.commit("calling", [
      node("httpapi_webhook", "w1", { http_method: "POST", url: '"http://127.0.0.1:9/never"' }),
    ]);
    const { runs } = await rehearse(pipeline, "calling");
    expect(runs[0]?.steps.find(({ s }) => s === "dry_run")).toMatchObject({ n: "w1", l: "warning" });
  });
});
