import { afterAll, beforeAll, describe, expect } from "vitest";
import { onServer as it } from "../fixture.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { type CalledServer, type Received, startCalledServer } from "../outside/called-server.ts";
import {
  complaints,
  delay,
  node,
  on,
  person,
  refs,
  sms,
  stepsAt,
  TEXT,
  texts,
  whom,
  workflowBody,
  type World,
} from "./world.ts";

/* Nodes that fetch, compute, trigger and keep lists; and how workflows are stored and refused. */

it.beforeEach(async ({ world }) => {
  await world.template("text", TEXT);
});

const ann = person("ann");

/** A template that prints the payload. */
const says = (world: World, body: string) => world.template("says", { sms: { type: "basic", body } });

describe("data", () => {
  let server: CalledServer;
  let reply: (request: Received) => [status: number, body?: unknown] | null;

  beforeAll(async () => {
    server = await startCalledServer((request) => reply(request));
  });
  afterAll(() => server.close());

  const fetching = (more: JsonObject = {}) =>
    node("httpapi_fetch", "f", { http_method: "GET", url: `"${server.url}/"`, ...more });
  const data = { shop: { name: "Corner", city: "Rome" }, kept: "yes" };

  it("16.19 a fetch replaces nested objects at the root, and with an output key keeps them; no answer in 5 s and a 404 are errors", async ({
    world,
  }) => {
    await says(
      world,
      "{{shop.name}} {{#if shop.city}}{{shop.city}}{{else}}-{{/if}} {{kept}} {{#if out}}{{out.shop.name}}{{else}}-{{/if}}",
    );
    reply = () => [200, { shop: { name: "Mall" } }];
    await world.workflow("root", [fetching(), sms("s", "says")]);
    await world.trigger("root", [ann], { data });
    await world.workflow("keyed", [fetching({ output_key: "out" }), sms("s", "says")]);
    await world.trigger("keyed", [ann], { data });
    expect(texts(await world.messages())).toEqual(["s: Mall - yes -", "s: Corner Rome yes Mall"]);

    reply = () => [404, { error: "no such shop" }];
    await world.trigger("root", [ann], { data });
    const notFound = (await world.executions()).at(-1);
    expect(notFound?.status).toBe("failed");
    expect(complaints(notFound)[0]).toContain("404");

    reply = () => null;
    const before = Date.now();
    await world.trigger("root", [ann], { data });
    expect(Date.now() - before).toBeGreaterThan(4900);
    const late = (await world.executions()).at(-1);
    expect(late?.status).toBe("failed");
    expect(complaints(late)[0]).toContain("no answer in time");
    // The result of a fetch is missing: nothing is sent.
    expect(await world.messages()).toHaveLength(2);
  });

  it("16.20 a transform of 26 variables is refused at commit, and a variable takes the place of a key that is there", async ({
    world,
  }) => {
    const variables = (count: number) =>
      Array.from({ length: count }, (_, index) => ({
        key: `v${index}`,
        value_lang: "jsonnet",
        value: `${index}`,
      }));
    const commit = "v1/workflow/many/?commit=true&commit_message=many";
    const save = (count: number) => {
      const tree = [node("transform", "t", { variables: variables(count) }), sms("s")];
      return world.manage("POST", commit, workflowBody("many", tree));
    };
    const refused = await save(26);
    expect(refused.status).toBe(201);
    expect(refused.json).toMatchObject({
      validation_result: { is_valid: false, errors: [expect.stringMatching(/^t: .*variables.*25/)] },
    });
    expect((await save(25)).json).toMatchObject({ validation_result: { is_valid: true } });

    await says(world, "{{name}} {{total}}");
    const overwrite = [
      { key: "name", value_lang: "handlebars", value: "{{name}} of {{$recipient.distinct_id}}" },
      { key: "total", value_lang: "jsonnet", value: "data.price * 2" },
    ];
    await world.workflow("sums", [node("transform", "t", { variables: overwrite }), sms("s", "says")]);
    await world.trigger("sums", [ann], { data: { name: "Cart", price: 21, total: 0 } });
    expect(texts(await world.messages())).toEqual(["s: Cart of ann 42"]);
  });
});

describe("workflows and lists", () => {
  it("16.21 a workflow invoked after a batch does not see the batch, and its own data wins over what is passed on", async ({
    world,
  }) => {
    await says(world, "{{#if $batched_events}}batch{{else}}none{{/if}} {{shop}} {{n}} {{from}}");
    await world.workflow("child", [sms("s", "says")]);
    const data = '{ from: "invoke", n: data.n + 100 }';
    await world.workflow("parent", [
      node("batch", "b", { mode: "accumulate_all", window_type: "fixed", fixed_window: "1h" }),
      node("invokeworkflow", "i", {
        workflow: "child",
        recipient_selection: "recipient",
        data,
        append_current_run_data: true,
      }),
      sms("own", "says"),
    ]);
    const trigger = (n: number) =>
      world.trigger("parent", [ann], { data: { shop: "Corner", n, from: "trigger" } });
    await trigger(1);
    await trigger(2);
    await world.pass("1h");
    expect(texts(await world.messages()).toSorted()).toEqual([
      "own: batch Corner 1 trigger",
      "s: none Corner 101 invoke",
    ]);
  });

  it("16.22 channels_expr wins over channels, also for channels not among them; without a result the run stops", async ({
    world,
  }) => {
    const email = { subject: "Hi", body: { type: "raw", raw: { html: "<p>Hi</p>", text: "" } } };
    await world.template("wide", { ...TEXT, email, inbox: { header: "Hi", body: "Hi" } });
    const everywhere = person("ann", { $email: "ann@example.com" });
    const wide = { template: "wide", channels: ["sms"], channels_expr: ".channels" };
    await world.workflow("chosen", [node("send_multi_channel", "m", wide), sms("after")]);
    const sent = async (data: JsonObject) => {
      const before = (await world.messages()).length;
      await world.trigger("chosen", [everywhere], { data });
      return (await world.messages())
        .slice(before)
        .filter(({ workflow }) => workflow.node_ref === "m")
        .map(({ channel }) => channel)
        .toSorted();
    };
    expect(await sent({ channels: ["email", "inbox"] })).toEqual(["email", "inbox"]);
    expect(await sent({ channels: "inbox" })).toEqual(["inbox"]);
    const before = (await world.messages()).length;
    for (const data of [{}, { channels: null }, { channels: ["email", "pigeon"] }, { channels: 5 }]) {
      expect(await sent(data), JSON.stringify(data)).toEqual([]);
      const run = (await world.executions()).at(-1);
      expect(run?.status).toBe("failed");
      expect(complaints(run)[0]).toContain("channels: error evaluating jq-expression .channels");
    }
    // Nor does the next node.
    expect(await world.messages()).toHaveLength(before);
  });

  it("16.32 a list's entry event fires for those who enter after the workflow went live, not for those who were in it", async ({
    world,
  }) => {
    const adding = { list_id: "vips", create_list_if_missing: true, user_selection: ["recipient"] };
    await world.workflow("promote", [node("subscriberlistoperation_adduser", "l", adding), sms("done")]);
    await world.trigger("promote", [ann]);
    await world.workflow("welcome", [sms("welcome")], on("$USER_ENTERED_LIST - vips"));
    await world.settle();
    const welcomed = async () =>
      whom((await world.messages()).filter(({ workflow }) => workflow.slug === "welcome"));
    expect(await welcomed()).toEqual([]);

    await world.trigger("promote", [ann, person("ben")]);
    expect(await welcomed()).toEqual(["ben"]);
    expect(refs(await world.messages()).filter((ref) => ref === "done")).toHaveLength(3);
    expect(stepsAt((await world.executions())[0], "l").at(-1)?.message).toContain("vips");
  });
});

describe("storing workflows", () => {
  it("16.34 a workflow in the flat form is stored, reads back nested, and runs", async ({ world }) => {
    const flat = {
      name: "Flat",
      category: "transactional",
      trigger_type: "api",
      tree: {
        nodes: [
          { node_type: "delay", ref: "d", delay_type: "fixed", value: "1h" },
          { node_type: "send_sms", name: "Text", template: "text" },
        ],
      },
    };
    const saved = await world.manage("POST", "v1/workflow/flat/?commit=true&commit_message=flat", flat);
    expect(saved.status).toBe(201);
    const nodes = [
      { node_type: "delay", ref: "d", properties: { delay_type: "fixed", value: "1h" } },
      { node_type: "send_sms", name: "Text", ref: "sms_1", properties: { template: "text" } },
    ];
    for (const mode of ["draft", "live"]) {
      const { json } = await world.manage("GET", `v1/workflow/flat/?mode=${mode}`);
      expect(json).toMatchObject({ validation_result: { is_valid: true }, tree: { nodes } });
      const [first] = (json as { tree: { nodes: JsonObject[] } }).tree.nodes;
      expect(first).not.toHaveProperty("delay_type");
    }
    await world.trigger("flat", [ann]);
    await world.pass("1h");
    expect(texts(await world.messages())).toEqual(["sms_1: Hello ann"]);
  });

  it("16.35 an invalid tree is stored with is_valid false, and its commit is refused while the live version goes on", async ({
    world,
  }) => {
    await world.workflow("w", [sms("s")]);
    const broken = workflowBody("w", [delay("d", "soon"), sms("d", "nowhere")]);
    const saved = await world.manage("POST", "v1/workflow/w/?commit=true&commit_message=broken", broken);
    expect(saved.status).toBe(201);
    const { validation_result } = saved.json as {
      validation_result: { is_valid: boolean; errors: string[] };
    };
    expect(validation_result.is_valid).toBe(false);
    expect(validation_result.errors.length).toBeGreaterThanOrEqual(3);

    const commit = await world.manage("PATCH", "v1/workflow/w/commit/?commit_message=broken", {});
    expect(commit).toMatchObject({ status: 400, json: { detail: validation_result.errors } });
    expect((await world.manage("GET", "v1/workflow/w/?mode=live")).json).toMatchObject({
      tree: { nodes: [{ ref: "s" }] },
    });
    await world.trigger("w", [ann]);
    expect(refs(await world.messages())).toEqual(["s"]);

    const fresh = await world.manage("POST", "v1/workflow/fresh/", workflowBody("fresh", []));
    expect(fresh).toMatchObject({ status: 201, json: { validation_result: { is_valid: false } } });
    expect((await world.manage("PATCH", "v1/workflow/fresh/commit/", {})).status).toBe(400);
    expect((await world.call("POST", "/trigger/", { workflow: "fresh", recipients: ["ann"] })).status).toBe(
      400,
    );
  });
});
