import { describe, expect } from "vitest";
import { is } from "../../test/conditions.ts";
import { onOwnServer as it } from "../../test/fixture.ts";
import { until } from "../../test/harness.ts";
import { refusals } from "../../test/node-context.ts";
import { branch, node, type Pipeline, type RunRow, sms } from "../../test/pipeline.ts";
import type { StoredNode } from "../catalog/workflow.ts";
import type { JsonObject } from "../core/json.ts";
import type { NodeDefinition } from "../engine/node.ts";
import { nodes } from "./index.gen.ts";

/* Nodes that change people: their profiles, their lists, the objects they subscribe to. None of them ends a run. */

it.beforeEach(async ({ pipeline }) => {
  await pipeline.addTemplate("text");
});

const ann = { distinct_id: "ann", $sms: "+14155550100", plan: "free" };
const bob = { distinct_id: "bob", $sms: "+14155550101" };
const team = { object_type: "team", id: "a", $sms: "+14155550102" };
const transient = { is_transient: true, $sms: "+14155550103" };

async function begin(
  pipeline: Pipeline,
  first: StoredNode | StoredNode[],
  trigger: JsonObject = {},
): Promise<RunRow> {
  await pipeline.commit("flow", [first, sms("after")].flat());
  const answer = await pipeline.call("POST", "/trigger/", {
    workflow: "flow",
    recipients: [ann],
    ...trigger,
  });
  expect(answer.status).toBe(202);
  const run = await until(async () => (await pipeline.runs()).find(({ status }) => status !== "in_progress"));
  // The run continued, whatever the node did.
  expect((await pipeline.messages()).map(({ node_ref }) => node_ref)).toContain("after");
  return run;
}

/** Warnings and errors of the nodes before the message. */
const worst = ({ steps }: RunRow) =>
  steps.filter(({ l, n }) => l !== undefined && n !== "after").map(({ l, m, p }) => [l, m, p?.code]);
const query = <T>(pipeline: Pipeline, text: string) =>
  pipeline.services.db.query<T & object>(text, [pipeline.workspace_id]);

describe("updating a user", () => {
  const update = (properties: string, user_selection = "recipient") =>
    node("userupdate", "update_1", { user_selection, properties });
  const profile = async (pipeline: Pipeline, distinct_id: string) =>
    (await pipeline.call("GET", `/v1/user/${distinct_id}/`)).json;

  it("sets properties and adds channels, which the run sees from then on", async ({ pipeline }) => {
    const { distinct_id, ...profile_of_ann } = ann;
    await pipeline.call("POST", "/v1/user/ann/", profile_of_ann);
    const run = await begin(
      pipeline,
      [
        update("{ plan: 'pro', seen: data.n, '$sms': ['+14155550111'] }"),
        branch("b", [{ when: is("plan", "pro", "$recipient"), nodes: [] }, { nodes: [sms("wrong")] }]),
      ],
      { recipients: [distinct_id], data: { n: [1, null] } },
    );
    expect(run.status).toBe("completed");
    expect(await profile(pipeline, "ann")).toMatchObject({
      properties: { plan: "pro", seen: [1, null] },
      $sms: [{ value: "+14155550100" }, { value: "+14155550111" }],
    });
    const sent = await pipeline.messages();
    expect(new Set(sent.map(({ channel_value }) => channel_value))).toEqual(
      new Set(["+14155550100", "+14155550111"]),
    );
  });

  it("leaves their profile in the run's tenant unchanged", async ({ pipeline }) => {
    await pipeline.call("POST", "/v1/user/ann/", { plan: "free", $sms: "+14155550100" });
    await pipeline.call("POST", "/v1/tenant/acme/", { tenant_name: "Acme" });
    await pipeline.call("POST", "/v1/user/ann/tenant/acme/", { plan: "gold", $sms: "+14155550155" });
    const gold = { when: is("plan", "gold", "$recipient"), nodes: [sms("gold")] };
    await begin(pipeline, [update("{ plan: 'pro' }"), branch("b", [gold, { nodes: [] }])], {
      recipients: ["ann"],
      tenant_id: "acme",
    });
    expect(
      (await pipeline.messages()).map(({ node_ref, channel_value }) => [node_ref, channel_value]),
    ).toEqual([
      ["gold", "+14155550155"],
      ["after", "+14155550155"],
    ]);
    expect(await profile(pipeline, "ann")).toMatchObject({ properties: { plan: "pro" } });
  });

  it("reactivates an inactive address by naming it", async ({ pipeline }) => {
    await pipeline.call("POST", "/v1/user/ann/", { $sms: "+14155550100" });
    await query(
      pipeline,
      "update identity set status = 'inactive' where workspace_id = $1 and channel = 'sms'",
    );
    await begin(pipeline, update("{ '$sms': '+14155550100' }"), { recipients: ["ann"] });
    expect(await pipeline.messages()).toMatchObject([{ channel_value: "+14155550100" }]);
  });

  it("can be the actor", async ({ pipeline }) => {
    await begin(pipeline, update("{ plan: data['$actor'].distinct_id }", "actor"), { actor: bob });
    expect(await profile(pipeline, "bob")).toMatchObject({ properties: { plan: "bob" } });
    expect(await profile(pipeline, "ann")).toMatchObject({ properties: { plan: "free" } });
  });

  it("applies valid properties and warns about invalid ones", async ({ pipeline }) => {
    const run = await begin(pipeline, update("{ plan: 'pro', '$email': 'not an address' }"));
    expect(await profile(pipeline, "ann")).toMatchObject({ properties: { plan: "pro" } });
    expect(worst(run)).toEqual([["warning", expect.stringContaining("not an address"), "done_in_part"]]);
  });

  it.for<[string, string, string, JsonObject]>([
    ["an object", "recipient", "it is an object, not a user", { recipients: [team] }],
    ["a recipient who is not stored", "recipient", "they are not stored", { recipients: [transient] }],
    ["a missing actor", "actor", "there is none", {}],
  ])("skips %s with a warning", async ([_title, who, reason, trigger], { pipeline }) => {
    const run = await begin(pipeline, update("{ plan: 'pro' }", who), trigger);
    expect(worst(run)).toEqual([["warning", `the ${who} is left out: ${reason}`, "member_left_out"]]);
  });

  it.for([
    ["[1]", /^properties: must give a map, gave \[1\]$/],
    ["data.nope", /^properties: .*nope/],
  ] as const)("fails with %s", async ([properties, message], { pipeline }) => {
    const run = await begin(pipeline, update(properties));
    expect(worst(run)).toEqual([["error", expect.stringMatching(message), "user_update_failed"]]);
    expect(run.status).toBe("failed");
  });
});

describe("moving users between lists", () => {
  const entering = (list_id: string, more: JsonObject = {}) =>
    node("subscriberlistoperation_adduser", "list_add_1", {
      list_id,
      user_selection: ["recipient"],
      ...more,
    });
  const leaving = (list_id: string, more: JsonObject = {}) =>
    node("subscriberlistoperation_removeuser", "list_remove_1", {
      list_id,
      user_selection: ["recipient"],
      ...more,
    });
  const made = { create_list_if_missing: true };

  const members = (pipeline: Pipeline) =>
    query<{ list_id: string; name: string; members: string[] }>(
      pipeline,
      `select l.list_id, l.list_name as name,
              array(select r.distinct_id from list_member m
                      join recipient r on r.workspace_id = m.workspace_id and r.id = m.recipient_id
                     where m.workspace_id = l.workspace_id and m.version_id = l.version_id order by 1)::text[] as members
         from list l where l.workspace_id = $1 order by 1`,
    );
  const events = async (pipeline: Pipeline) => {
    const rows = await query<{ name: string; body: JsonObject }>(
      pipeline,
      "select name, body from request where workspace_id = $1 and api_type = 'event' order by id",
    );
    return rows.map(({ name, body }) => [name, body.distinct_id]);
  };

  it("adds users, and each who actually entered starts the event's workflows", async ({ pipeline }) => {
    await pipeline.commit("welcome", [sms("welcome_1")], { events: ["$USER_ENTERED_LIST - beta"] });
    const run = await begin(
      pipeline,
      entering("beta", { ...made, list_name: "Beta {{n}}", user_selection: ["actor", "recipient"] }),
      {
        actor: bob,
        data: { n: 2 },
      },
    );
    expect(run.status).toBe("completed");
    expect(await members(pipeline)).toEqual([{ list_id: "beta", name: "Beta 2", members: ["ann", "bob"] }]);
    const welcomed = await until(async () => {
      const runs = (await pipeline.runs()).filter(({ id }) => id !== run.id);
      return runs.length === 2 && runs.every(({ status }) => status === "completed") ? runs : null;
    });
    expect(welcomed.map(({ distinct_id }) => distinct_id).toSorted()).toEqual(["ann", "bob"]);
    expect(welcomed).toMatchObject([{ parent_run_id: run.id }, { parent_run_id: run.id }]);
  });

  const track = (pipeline: Pipeline) =>
    pipeline.call("POST", "/v1/subscriber_list/", {
      list_id: "beta",
      track_user_entry: true,
      track_user_exit: true,
    });

  it("causes no event when the membership does not change", async ({ pipeline }) => {
    await track(pipeline);
    const run = await begin(pipeline, [
      entering("beta", made),
      { ...entering("beta"), ref: "again" },
      leaving("beta"),
      { ...leaving("beta"), ref: "gone" },
    ]);
    expect(run.steps.flatMap(({ p }) => (p?.changed === undefined ? [] : [p.changed]))).toEqual([1, 0, 1, 0]);
    expect(await members(pipeline)).toEqual([{ list_id: "beta", name: "beta", members: [] }]);
    expect(await events(pipeline)).toEqual([
      ["$USER_ENTERED_LIST - beta", "ann"],
      ["$USER_EXITED_LIST - beta", "ann"],
    ]);
  });

  it("causes an event that ends the wait of another run", async ({ pipeline }) => {
    await track(pipeline);
    await pipeline.commit("waiting", [
      {
        ...node("branch_waituntil", "wait_1"),
        branches: [
          {
            name: "entered",
            description: null,
            ref: "entered",
            is_default: false,
            is_terminal: false,
            conditions: [{ type: "future_event", event_name: "$USER_ENTERED_LIST - beta" }],
            nodes: [sms("came")],
          },
          {
            name: "timeout",
            description: null,
            ref: "timeout",
            is_default: true,
            is_terminal: false,
            conditions: [{ type: "delay", delay_properties: { delay_type: "fixed", value: "1d" } }],
            nodes: [],
          },
        ],
      },
    ]);
    await pipeline.trigger({ workflow: "waiting", recipients: [ann] });
    const waiting = await until(async () => (await pipeline.runs()).find(({ wake_at }) => wake_at !== null));
    await begin(pipeline, entering("beta", made));
    await until(async () =>
      (await pipeline.runs()).find(({ id, status }) => id === waiting.id && status === "completed"),
    );
    expect((await pipeline.messages()).map(({ node_ref }) => node_ref)).toContain("came");
  });

  it("ends when a list's event starts a workflow that moves people again", async ({ pipeline, harness }) => {
    await track(pipeline);
    await pipeline.commit("circle", [leaving("beta"), { ...entering("beta"), ref: "again" }], {
      events: ["$USER_ENTERED_LIST - beta"],
    });
    await begin(pipeline, entering("beta", made));
    const runs = await until(async () => {
      const open = await harness.services.db.query(
        "select 1 from pgboss.job where state < 'completed' and name like 'e%'",
      );
      return open.length === 0 && pipeline.runs();
    });
    expect(runs).toHaveLength(11);
    expect(await events(pipeline)).toHaveLength(1 + 9 * 2);
    expect(worst(runs.at(-1) as RunRow)).toMatchObject([
      ["warning", expect.stringContaining("more than 10 deep"), "done_in_part"],
      ["warning", expect.stringContaining("more than 10 deep"), "done_in_part"],
    ]);
    expect(await members(pipeline)).toMatchObject([{ members: ["ann"] }]);
  });

  it.for<[string, StoredNode, JsonObject, string]>([
    ["a list that is missing", entering("beta"), {}, "list_id: beta not found"],
    ["leaving a list that is missing", leaving("beta"), {}, "list_id: beta not found"],
    [
      "an invalid id from a template",
      entering("{{x}}-list", { ...made, is_list_id_dynamic: true }),
      { data: { x: "Größe 1" } },
      "list_id: 'Größe 1-list' must be made of a-z, 0-9, - and _",
    ],
    [
      "an empty id from a template",
      leaving("{{nope}}", { is_list_id_dynamic: true }),
      {},
      "list_id: '' must be made of a-z, 0-9, - and _",
    ],
    ["an id that is too long", entering("x".repeat(65), made), {}, "list_id: must be at most 64 characters"],
  ])("fails with %s", async ([_title, first, trigger, message], { pipeline }) => {
    const run = await begin(pipeline, first, trigger);
    expect(worst(run)).toEqual([["error", message, "list_op_failed"]]);
    expect(await members(pipeline)).toEqual([]);
  });

  it("takes an id from a template", async ({ pipeline }) => {
    await begin(pipeline, entering(" city-{{city}} ", { ...made, is_list_id_dynamic: true }), {
      data: { city: "oslo" },
    });
    expect(await members(pipeline)).toMatchObject([{ list_id: "city-oslo", members: ["ann"] }]);
  });

  it.for<[string, JsonObject]>([
    ["objects", { recipients: [team] }],
    ["people who are not stored", { recipients: [transient] }],
  ])("skips %s, and creates no list when nobody is left", async ([_title, trigger], { pipeline }) => {
    const run = await begin(pipeline, entering("beta", made), trigger);
    expect(worst(run)).toMatchObject([
      ["warning", expect.stringMatching(/^the recipient is left out: /), "member_left_out"],
    ]);
    expect(await members(pipeline)).toEqual([]);
  });
});

describe("subscribing to objects", () => {
  const subscribing = (more: JsonObject = {}) =>
    node("objectoperation_addsubscription", "object_subscribe_1", {
      object_type: "team",
      object_id: "b",
      user_selection: ["recipient"],
      ...more,
    });
  const leaving = (more: JsonObject = {}) =>
    node("objectoperation_removesubscription", "object_unsubscribe_1", {
      object_type: "team",
      object_id: "b",
      user_selection: ["recipient"],
      ...more,
    });
  const made = { create_object_if_missing: true };

  const edges = (pipeline: Pipeline) =>
    query(
      pipeline,
      `select o.object_type || '/' || o.distinct_id as object, r.distinct_id as subscriber, s.properties
         from subscription s
         join recipient o on o.workspace_id = s.workspace_id and o.id = s.object_id
         join recipient r on r.workspace_id = s.workspace_id and r.id = s.subscriber_id
        where s.workspace_id = $1 order by 1, 2`,
    );

  it("subscribes, with properties that replace existing ones key by key", async ({ pipeline }) => {
    const run = await begin(
      pipeline,
      [
        subscribing({ ...made, subscription_properties: "{ role: data.role, since: 1 }" }),
        { ...subscribing({ subscription_properties: "{ since: 2 }" }), ref: "again" },
        { ...subscribing({ subscription_properties: " " }), ref: "same" },
      ],
      { data: { role: "owner" } },
    );
    expect(await edges(pipeline)).toEqual([
      { object: "team/b", subscriber: "ann", properties: { role: "owner", since: 2 } },
    ]);
    expect(run.steps.flatMap(({ p }) => (p?.changed === undefined ? [] : [p.changed]))).toEqual([1, 1, 0]);
  });

  it("unsubscribes, and a missing subscription is not an error", async ({ pipeline }) => {
    const run = await begin(pipeline, [subscribing(made), leaving(), { ...leaving(), ref: "again" }]);
    expect(run.status).toBe("completed");
    expect(await edges(pipeline)).toEqual([]);
  });

  it("takes type and id from templates, and the chosen people", async ({ pipeline }) => {
    const dynamic = { object_type: "{{kind}}", object_id: "x-{{n}}", is_object_id_dynamic: true };
    await begin(pipeline, subscribing({ ...made, ...dynamic, user_selection: ["actor"] }), {
      actor: bob,
      data: { kind: "room", n: 7 },
    });
    expect(await edges(pipeline)).toMatchObject([{ object: "room/x-7", subscriber: "bob" }]);
  });

  it("subscribes an object to another, and not to itself", async ({ pipeline }) => {
    const run = await begin(
      pipeline,
      [subscribing(made), { ...subscribing({ object_id: "a" }), ref: "itself" }],
      {
        recipients: [team],
      },
    );
    expect(await edges(pipeline)).toMatchObject([{ object: "team/b", subscriber: "a" }]);
    expect(worst(run)).toEqual([
      ["error", "object 'team/a' must not subscribe to 'team/a': it contains it", "object_op_failed"],
    ]);
  });

  it.for<[string, StoredNode, JsonObject, string | RegExp]>([
    ["an object that is missing", subscribing(), {}, "object 'team/b' not found"],
    ["leaving an object that is missing", leaving(), {}, "object 'team/b' not found"],
    [
      "properties that are not a map",
      subscribing({ ...made, subscription_properties: "1" }),
      {},
      /^subscription_properties: must give a map/,
    ],
    [
      "properties that fail",
      subscribing({ ...made, subscription_properties: "data.x" }),
      {},
      /^subscription_properties: /,
    ],
    [
      "an invalid id from a template",
      subscribing({ ...made, object_id: "{{x}}", is_object_id_dynamic: true }),
      { data: { x: "a/b" } },
      "object_id: 'a/b' must be made of a-z, 0-9, - and _",
    ],
    [
      "an invalid type from a template",
      leaving({ object_type: "{{x}}", is_object_id_dynamic: true }),
      { data: { x: "" } },
      "object_type: '' must be made of a-z, 0-9, - and _",
    ],
  ])("fails with %s", async ([_title, first, trigger, message], { pipeline }) => {
    const run = await begin(pipeline, first, trigger);
    expect(worst(run)).toEqual([
      ["error", typeof message === "string" ? message : expect.stringMatching(message), "object_op_failed"],
    ]);
    expect(await edges(pipeline)).toEqual([]);
  });
});

describe("the settings", () => {
  const of = (type: string): NodeDefinition => {
    const found = nodes.find((one) => one.type === type);
    if (found === undefined) throw new Error(`no node ${type}`);
    return found;
  };
  const list = "subscriberlistoperation_adduser";
  const object = "objectoperation_addsubscription";
  const who = { user_selection: ["recipient"] };
  const plain = "must be made of a-z, 0-9, - and _, or be a template and said to be dynamic";

  it.each<[string, JsonObject, string[]]>([
    ["userupdate", { user_selection: "recipient", properties: "{}" }, []],
    [
      "userupdate",
      { user_selection: ["recipient"], properties: "" },
      ["user_selection: must be recipient or actor", "properties: must not be empty"],
    ],
    [list, { list_id: "beta", op: "remove_user", ...who }, []],
    [list, { list_id: "{{x}}", is_list_id_dynamic: true, ...who }, []],
    [list, { list_id: "{{x}}", ...who }, [`list_id: ${plain}`]],
    [list, { list_id: "beta", user_selection: [] }, ["user_selection: must name recipient, actor or both"]],
    [list, { list_id: "beta", user_selection: ["tenant"] }, ["user_selection.0: must be recipient or actor"]],
    [list, { list_id: "beta" }, ["user_selection: must be a list of recipient and actor"]],
    ["subscriberlistoperation_removeuser", { list_id: "B", ...who }, [`list_id: ${plain}`]],
    [object, { object_type: "a b", object_id: "ok", ...who }, [`object_type: ${plain}`]],
    [object, { object_type: "a", object_id: "", ...who }, ["object_id: must not be empty"]],
    [
      "objectoperation_removesubscription",
      { object_type: "a", object_id: "/", op: "x", ...who },
      [`object_id: ${plain}`],
    ],
  ])("of %s %j", (type, properties, expected) => {
    expect(refusals(of(type), properties)).toEqual(expected);
  });

  it.each<[string, JsonObject, string[]]>([
    ["userupdate", { user_selection: "actor", properties: "{}" }, ["properties jsonnet"]],
    [list, { list_id: "a", list_name: "{{x}}", ...who }, ["list_name handlebars"]],
    [list, { list_id: "{{a}}", is_list_id_dynamic: true, ...who }, ["list_id handlebars"]],
    [
      object,
      { object_type: "a", object_id: "b", subscription_properties: "{}", ...who },
      ["subscription_properties jsonnet"],
    ],
    [
      object,
      { object_type: "a", object_id: "b", is_object_id_dynamic: true, ...who },
      ["object_type handlebars", "object_id handlebars"],
    ],
  ])("of %s %j list their expressions", (type, properties, expected) => {
    const definition = of(type);
    const found = definition.expressions?.(definition.config.parse(properties)) ?? [];
    expect(found.map(({ path, language }) => `${path} ${language}`)).toEqual(expected);
  });
});

it("every node type is registered under its wire name", () => {
  const wanted = [
    "httpapi_fetch",
    "httpapi_webhook",
    "transform",
    "invokeworkflow",
    "userupdate",
    "subscriberlistoperation_adduser",
    "subscriberlistoperation_removeuser",
    "objectoperation_addsubscription",
    "objectoperation_removesubscription",
    "send_email",
    "send_sms",
    "send_whatsapp",
    "send_inbox",
    "send_mobile_push",
    "send_webpush",
    "send_slack",
    "send_ms_teams",
  ];
  expect(nodes.map(({ type }) => type)).toEqual(expect.arrayContaining(wanted));
});
