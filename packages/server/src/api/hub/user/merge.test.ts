import { describe, expect } from "vitest";
import { onServer as it } from "../../../../test/fixture.ts";
import type { Hub } from "../../../../test/hub.ts";
import { category } from "../../../../test/preferences/desk.ts";
import { branches, delay, node } from "../../../../test/behaviours/world.ts";
import { createLists } from "../../../lists/lists.ts";
import { loadById } from "../../../recipients/read.ts";

const merge = (hub: Hub, into: string, from_user_id: unknown) =>
  hub.call("POST", `/v1/user/${encodeURIComponent(into)}/merge/`, { from_user_id });

const post = async (hub: Hub, path: string, body: object) => {
  const answer = await hub.call("POST", path, body);
  expect(answer.status, answer.text).toBeLessThan(300);
};

const get = async (hub: Hub, path: string) => (await hub.call("GET", path)).json;

async function idOf(hub: Hub, distinct_id: string): Promise<string> {
  const rows = await hub.services.db.query<{ id: string }>(
    "select id from recipient where workspace_id = $1 and object_type = '' and distinct_id = $2",
    [hub.workspace_id, distinct_id],
  );
  return rows[0]?.id ?? "";
}

describe("POST /v1/user/{distinct_id}/merge/", () => {
  it("201: what the user lacks is taken over, what both have stays", async ({ hub }) => {
    await post(hub, "/v1/user/a/", { name: "A", $timezone: "UTC", $email: "a@x.com", $sms: "+14155552671" });
    await post(hub, "/v1/user/b é/", {
      name: "B",
      plan: "gold",
      $email: ["b@x.com", "a@x.com"],
      $locale: "en",
    });
    const answer = await merge(hub, "a", "b é");
    expect(answer).toMatchObject({
      status: 201,
      json: {
        distinct_id: "a",
        properties: { name: "A", plan: "gold", $timezone: "UTC", $locale: "en" },
        $sms: [{ value: "+14155552671" }],
      },
    });
    const { $email } = answer.json as { $email: { value: string }[] };
    expect(new Set($email.map(({ value }) => value))).toEqual(new Set(["a@x.com", "b@x.com"]));
    expect(await get(hub, "/v1/user/a/")).toEqual(answer.json);
    expect((await hub.call("GET", "/v1/user/b%20%C3%A9/")).status).toBe(404);
  });

  it("201: an address that both have keeps the better status", async ({ hub, harness }) => {
    const addresses = { $email: "x@x.com", $sms: "+14155552671" };
    await post(hub, "/v1/user/a/", addresses);
    await post(hub, "/v1/user/b/", addresses);
    await harness.services.db.query(
      `update identity set status = 'inactive', perma_status = 'disabled'
        where workspace_id = $1 and (recipient_id = $2 or channel = 'sms')`,
      [hub.workspace_id, await idOf(hub, "a")],
    );
    expect((await merge(hub, "a", "b")).json).toMatchObject({
      $email: [{ status: "active", perma_status: "active" }],
      $sms: [{ status: "inactive", perma_status: "disabled" }],
    });
  });

  it("201: profiles in tenants are united key by key", async ({ hub, harness }) => {
    await harness.services.db.query(
      `update workspace set config = '{"user_tenancy_mode": "shared"}' where workspace_id = $1`,
      [hub.workspace_id],
    );
    for (const tenant of ["t1", "t2"]) await post(hub, `/v1/tenant/${tenant}/`, { tenant_name: tenant });
    for (const id of ["a", "b"]) await post(hub, `/v1/user/${id}/`, {});
    harness.services.workspaces.forget();
    await post(hub, "/v1/user/a/tenant/t1/", { name: "A", $email: "a@t1.com" });
    await post(hub, "/v1/user/b/tenant/t1/", { name: "B", plan: "gold", $email: "b@t1.com" });
    await post(hub, "/v1/user/b/tenant/t2/", { name: "B2" });
    expect((await merge(hub, "a", "b")).status).toBe(201);
    const inT1 = (await get(hub, "/v1/user/a/tenant/t1/")) as { tenant: { $email: { value: string }[] } };
    expect(inT1.tenant).toMatchObject({ properties: { name: "A", plan: "gold" } });
    expect(inT1.tenant.$email.map(({ value }) => value)).toEqual(["a@t1.com", "b@t1.com"]);
    expect(await get(hub, "/v1/user/a/tenant/")).toMatchObject({ meta: { count: 2 } });
  });

  it("201: preferences, lists and subscriptions are united", async ({ desk }) => {
    const { hub, inTx } = desk;
    await desk.publish(category("news"), category("offers"));
    const [a = "", b = ""] = await desk.addRecipients(["a", "b"]);
    await desk.choose([a], "news", { preference: "opt_in" });
    await desk.choose([b], "news", { preference: "opt_out" });
    await desk.choose([b], "offers", { preference: "opt_out" });
    await desk.restrict([b], { sms: true });

    const lists = createLists({ ids: hub.services.ids });
    const addition = (list_id: string, recipient_ids: string[]) => ({
      list_id,
      recipient_ids,
      list_name: null,
      create_if_missing: true,
    });
    await inTx((tx) => lists.add(tx, hub.workspace_id, [addition("both", [a, b]), addition("one", [b])]));

    for (const id of ["both", "one"]) await post(hub, `/v1/object/teams/${id}/`, {});
    await post(hub, "/v1/object/teams/both/subscription/", { recipients: ["a"], properties: { of: "a" } });
    await post(hub, "/v1/object/teams/both/subscription/", { recipients: ["b"], properties: { of: "b" } });
    await post(hub, "/v1/object/teams/one/subscription/", { recipients: ["b"], properties: { of: "b" } });

    expect((await merge(hub, "a", "b")).status).toBe(201);

    expect((await desk.find(a, "news")).category).toMatchObject({ preference: "opt_in" });
    expect(await desk.find(a, "offers")).toMatchObject({
      category: { preference: "opt_out" },
      restricted_channels: ["sms"],
    });
    const rows = await hub.services.db.query<object>(
      "select list_id, subscribers_count from list_version where workspace_id = $1 order by list_id",
      [hub.workspace_id],
    );
    expect(rows).toEqual([
      { list_id: "both", subscribers_count: 1 },
      { list_id: "one", subscribers_count: 1 },
    ]);
    const edges = (await get(hub, "/v1/user/a/subscribed_to/object/")) as {
      results: { object: { id: string }; properties: object }[];
    };
    expect(
      Object.fromEntries(edges.results.map(({ object, properties }) => [object.id, properties])),
    ).toEqual({
      both: { of: "a" },
      one: { of: "b" },
    });
    expect(await get(hub, "/v1/object/teams/both/")).toMatchObject({ subscriptions_count: 1 });
  });

  it("201: what is under way reaches the user, and the log keeps the other's id", async ({
    world,
    harness,
  }) => {
    const { workspace_id } = world;
    const { db } = harness.services;
    const card = { header: "Hello", body: "Hello {{$recipient.name}}" };
    await world.template("card", { inbox: card });
    await world.workflow("later", [
      node("send_inbox", "now", { template: "card" }),
      delay("wait", "1h"),
      node("send_inbox", "then", { template: "card" }),
    ]);
    await post(world, "/v1/user/a/", { name: "A" });
    await world.trigger("later", [{ distinct_id: "b", name: "B" }]);
    expect((await merge(world, "a", "b")).status).toBe(201);
    await world.pass("1h");
    const messages = await world.messages();
    expect(messages.map(({ recipient, status }) => [recipient.distinct_id, status])).toEqual([
      ["b", "delivered"],
      ["b", "delivered"],
    ]);
    expect((await world.executions()).map(({ status }) => status)).toEqual(["completed"]);
    const items = await db.query<{ recipient_id: string }>(
      "select recipient_id from inbox_item where workspace_id = $1",
      [workspace_id],
    );
    const owner = await idOf(world, "a");
    expect(items.map(({ recipient_id }) => recipient_id)).toEqual([owner, owner]);
    expect((await loadById(db, workspace_id, [owner])).size).toBe(1);
  });

  it("201: what is under way follows through more than one merge, and hears of the profile that it got", async ({
    world,
  }) => {
    await world.template("card", { inbox: { header: "Hello", body: "Hello {{$recipient.name}}" } });
    const gold = { variable_ns: "$recipient", variable: "tier", op: "==", value: '"gold"' };
    const isGold = { type: "expression_v1", expression_v1: { op: "AND", args: [gold] } };
    const aDay = { type: "delay", delay_properties: { delay_type: "fixed", value: "1d" } };
    const send = (ref: string) => node("send_inbox", ref, { template: "card" });
    await world.workflow("later", [
      delay("wait", "1h"),
      branches(
        "tier",
        [
          { when: [isGold], nodes: [send("gold")] },
          { when: [aDay], nodes: [send("timeout")] },
        ],
        "branch_waituntil",
      ),
    ]);
    for (const id of ["a", "c"]) await post(world, `/v1/user/${id}/`, {});
    await world.trigger("later", [{ distinct_id: "b", name: "B" }]);
    expect((await merge(world, "a", "b")).status).toBe(201);
    expect((await merge(world, "c", "a")).status).toBe(201);
    await world.pass("1h");
    expect(await world.messages()).toEqual([]);
    await post(world, "/v1/user/d/", {});
    expect((await merge(world, "d", "c")).status).toBe(201);
    await world.settle();
    expect((await world.executions()).map(({ status }) => status)).toEqual(["in_progress"]);
    await post(world, "/v1/user/d/", { tier: "gold" });
    await world.settle();
    const messages = await world.messages();
    expect(messages.map(({ workflow }) => workflow.node_ref)).toEqual(["gold"]);
  });

  it("201: runs that wait for events, that have the user as actor, or that trigger workflows go on under the id that is left", async ({
    world,
  }) => {
    await world.template("card", { inbox: { header: "Hello", body: "{{$actor.name}}" } });
    const send = (ref: string) => node("send_inbox", ref, { template: "card" });
    const paid = { type: "future_event", event_name: "Paid" };
    const aDay = { type: "delay", delay_properties: { delay_type: "fixed", value: "1d" } };
    const untilPaid = (ref: string) =>
      branches(
        ref,
        [
          { when: [paid], nodes: [send(`${ref}-paid`)] },
          { when: [aDay], nodes: [send(`${ref}-late`)] },
        ],
        "branch_waituntil",
      );
    await world.workflow("child", [send("child")]);
    await world.workflow("waits", [untilPaid("first"), untilPaid("second")]);
    await world.workflow("asks", [
      delay("wait", "1h"),
      node("invokeworkflow", "invoke", { workflow: "child", recipient_selection: "recipient" }),
      send("asked"),
    ]);
    await world.workflow("caused", [delay("wait", "1h"), send("caused")]);
    await post(world, "/v1/user/a/", { name: "A" });
    await world.trigger("waits", [{ distinct_id: "b" }]);
    await world.trigger("asks", ["b"]);
    await world.trigger("caused", [{ distinct_id: "c" }], { actor: "b" });
    expect((await merge(world, "a", "b")).status).toBe(201);
    await world.event("a", "Paid");
    await world.event("a", "Paid");
    await world.pass("1h");
    const messages = await world.messages();
    expect(messages.map(({ workflow, recipient }) => [workflow.node_ref, recipient.distinct_id])).toEqual(
      expect.arrayContaining([
        ["first-paid", "b"],
        ["second-paid", "b"],
        ["child", "a"],
        ["caused", "c"],
      ]),
    );
    const caused = messages.find(({ workflow }) => workflow.node_ref === "caused");
    expect(JSON.stringify(caused?.content)).toContain('"A"');
    expect((await get(world, "/v1/user/")) as object).toMatchObject({ meta: { count: 2 } });
  });

  it("400: nobody is in two tenants of an exclusive workspace by being merged", async ({ hub }) => {
    for (const tenant of ["t1", "t2"]) await post(hub, `/v1/tenant/${tenant}/`, { tenant_name: tenant });
    await post(hub, "/v1/user/a/tenant/t1/", {});
    await post(hub, "/v1/user/b/tenant/t2/", { name: "B" });
    expect(await merge(hub, "a", "b")).toMatchObject({
      status: 400,
      json: {
        code: 400,
        message: "user is already associated with a different tenant; workspace is in exclusive mode",
      },
    });
    expect(await get(hub, "/v1/user/a/tenant/")).toMatchObject({ meta: { count: 1 } });
    expect((await hub.call("GET", "/v1/user/b/")).status).toBe(200);
  });

  it("400: no profile becomes too large by being merged", async ({ hub }) => {
    const note = "x".repeat(150_000);
    await hub.call("POST", "/v1/user/ann/", { one: note });
    await hub.call("POST", "/v1/user/ben/", { two: note });
    expect(await hub.call("POST", "/v1/user/ann/merge/", { from_user_id: "ben" })).toMatchObject({
      status: 400,
      json: { message: "the profile would have 293 KB with its channels: at most 256 KB (MAX_PROFILE_KB)" },
    });
    expect((await hub.call("GET", "/v1/user/ben/")).json).toMatchObject({ properties: { two: note } });
    expect((await hub.call("GET", "/v1/user/ann/")).json).toMatchObject({ properties: { one: note } });
  });

  it("400, 404: names what is wrong, and changes nothing", async ({ hub }) => {
    await post(hub, "/v1/user/a/", {});
    expect((await merge(hub, "a", "zoe")).json).toEqual({
      code: 404,
      message: "from_user_id: [distinct_id: 'zoe'] not found",
    });
    expect((await merge(hub, "zoe", "a")).json).toEqual({
      code: 404,
      message: "user [distinct_id: 'zoe'] not found",
    });
    expect((await merge(hub, "a", "a")).json).toEqual({
      code: 400,
      message: "from_user_id: must be another user",
    });
    expect((await merge(hub, "a", undefined)).json).toMatchObject({
      code: 400,
      detail: { from_user_id: "is a required field" },
    });
    expect((await merge(hub, "a", 7)).json).toMatchObject({
      code: 400,
      detail: { from_user_id: "must be a string" },
    });
    expect((await hub.call("GET", "/v1/user/a/")).status).toBe(200);
  });

  it("races with edits, deletions and other merges without a failure", async ({ hub }) => {
    const calls = Array.from({ length: 120 }, async (_unused, index) => {
      const [one = "", other = ""] = index % 2 === 0 ? ["a", "b"] : ["b", "a"];
      if (index % 4 < 2) return hub.call("POST", `/v1/user/${one}/`, { n: index, $email: `${one}@x.com` });
      if (index % 12 === 2) return hub.call("DELETE", `/v1/user/${one}/`);
      return merge(hub, one, other);
    });
    const statuses = (await Promise.all(calls)).map(({ status }) => status);
    expect(statuses.filter((status) => ![201, 204, 404].includes(status))).toEqual([]);
  });
});
