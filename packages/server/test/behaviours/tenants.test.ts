import { describe, expect } from "vitest";
import { onServer as it } from "../fixture.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { all, leaf } from "../conditions.ts";
import { branches, complaints, delay, node, person, refs, sms, TEXT, texts, type World } from "./world.ts";

/* Tenants as runs see them: their content, and the effect of a change or deletion while a run sleeps. */

it.beforeEach(async ({ world }) => {
  await world.template("text", TEXT);
});

const ann = person("ann");
const saveTenant = (world: World, tenant_id: string, body: JsonObject) =>
  world.call("POST", `/v1/tenant/${tenant_id}/`, body);

async function change(world: World, tenant_id: string, body: JsonObject): Promise<void> {
  expect((await saveTenant(world, tenant_id, body)).status).toBe(201);
  await world.settle();
}

describe("a tenant in a template", () => {
  it.for<[string, string]>([
    ["$brand.social_links.twitter", "https://x.com/acme"],
    ["$brand.social_links.x", "https://x.com/acme"],
    ["$brand.social_links.facebook", ""],
    ["$brand.embedded_preference_url", "https://acme.com/prefs"],
    ["$tenant.preference_page_url", "https://acme.com/prefs"],
    ["$brand.$embedded_preference_url", "https://acme.com/prefs"],
    ["$embedded_preference_url", "https://acme.com/prefs"],
    ["$brand.hosted_preference_domain", "localhost"],
    ["$brand.tier", "gold"],
    ["$brand.properties.tier", "gold"],
    // As its name says, whatever its own properties are called.
    ["$brand.brand_name", "Acme"],
    ["$organization.logo", "https://def.com/logo.png"],
    ["$organization.primary_color", "#112233"],
  ])("has {{%s}}: %s", async ([key, value], { world }) => {
    await saveTenant(world, "default", {
      tenant_name: "Def",
      logo: "https://def.com/logo.png",
      primary_color: "#112233",
    });
    await saveTenant(world, "acme", {
      tenant_name: "Acme",
      embedded_preference_url: "https://acme.com/prefs",
      social_links: { twitter: "https://x.com/acme" },
      properties: { tier: "gold", brand_name: "Evil" },
    });
    await world.template("keys", { sms: { type: "basic", body: `[{{{${key}}}}]` } });
    await world.workflow("keys", [sms("s", "keys")]);
    await world.trigger("keys", [ann], { tenant_id: "acme" });
    expect(texts(await world.messages())).toEqual([`s: [${value}]`]);
  });

  it("has every key where nothing was said, the default tenant's colours among them", async ({ world }) => {
    await saveTenant(world, "bare", { tenant_name: "Bare" });
    await saveTenant(world, "default", { primary_color: "#112233" });
    const body = [
      "{{$brand.embedded_preference_url}}",
      "{{$brand.preference_page_url}}",
      "{{$embedded_preference_url}}",
      "{{$brand.social_links.twitter}}",
      "{{$organization.logo}}",
      "{{$brand.secondary_color}}",
    ].join("");
    await world.template("keys", { sms: { type: "basic", body: `[${body}] {{$brand.primary_color}}` } });
    await world.workflow("keys", [sms("s", "keys")]);
    await world.trigger("keys", [ann], { tenant_id: "bare" });
    expect(texts(await world.messages())).toEqual(["s: [] #112233"]);
  });
});

describe("a tenant that is deleted", () => {
  it.beforeEach(({ world }) => saveTenant(world, "acme", { tenant_name: "Acme" }));

  it("fails the runs that sleep in it, when they wake, and nobody else's", async ({ world }) => {
    await world.workflow("later", [delay("d", "1h"), sms("s")]);
    await world.trigger("later", [ann], { tenant_id: "acme" });
    await world.trigger("later", [person("bob")]);
    expect((await world.call("DELETE", "/v1/tenant/acme/")).status).toBe(204);
    await world.pass("1h");
    const [inAcme, inDefault] = await world.executions();
    expect(inAcme?.status).toBe("failed");
    expect(complaints(inAcme)).toEqual(["[workflow: later] tenant doesn't exist with id: acme"]);
    expect(inDefault?.status).toBe("completed");
    expect(texts(await world.messages())).toEqual(["s: Hello bob"]);
  });

  it("fails those at once that wait for its values", async ({ world }) => {
    await world.workflow("open", [waitForOpen]);
    await world.trigger("open", [ann], { tenant_id: "acme" });
    expect((await world.call("DELETE", "/v1/tenant/acme/")).status).toBe(204);
    await world.settle();
    const [run] = await world.executions();
    expect(complaints(run)).toEqual(["[workflow: open] tenant doesn't exist with id: acme"]);
  });
});

const isOpen = (namespace: string) => all(leaf("properties.open", "==", "true", namespace));
const twoDays = { type: "delay", delay_properties: { delay_type: "fixed", value: "2d" } };
const waitFor = (condition: JsonObject, came = "came", ref = "w") =>
  branches(
    ref,
    [
      { when: [condition], nodes: [sms(came)] },
      { when: [twoDays], nodes: [sms(`${ref}-timeout`)] },
    ],
    "branch_waituntil",
  );
const waitForOpen = waitFor(isOpen("$tenant"));

describe("a wait for a tenant's value", () => {
  it.beforeEach(({ world }) =>
    saveTenant(world, "acme", { tenant_name: "Acme", properties: { open: false } }),
  );

  it.for(["$tenant", "$brand"])("ends when %s sets it", async (namespace, { world }) => {
    await world.workflow("open", [waitFor(isOpen(namespace))]);
    await world.trigger("open", [ann, person("bob")], { tenant_id: "acme" });
    await change(world, "acme", { properties: { hours: "9 to 5" } });
    await change(world, "default", { properties: { open: true } });
    expect(await world.messages()).toEqual([]);
    await change(world, "acme", { properties: { open: true } });
    expect(refs(await world.messages())).toEqual(["came", "came"]);
    const [run] = await world.executions();
    expect(run?.steps.map(({ message }) => message)).toContain("resumed by a change of the tenant");
    await world.pass("3d");
    expect(refs(await world.messages())).toEqual(["came", "came"]);
  });

  it("takes the other branch when the tenant never sets it", async ({ world }) => {
    await world.workflow("open", [waitForOpen]);
    await world.trigger("open", [ann], { tenant_id: "acme" });
    await change(world, "acme", { properties: { open: "true" } });
    await world.pass("2d");
    expect(refs(await world.messages())).toEqual(["w-timeout"]);
  });

  it("is found again by the next one in the same run", async ({ world }) => {
    const closed = all(leaf("properties.open", "==", "false", "$tenant"));
    await world.workflow("open", [waitForOpen, waitFor(closed, "closed", "again")]);
    await world.trigger("open", [ann], { tenant_id: "acme" });
    await change(world, "acme", { properties: { open: true } });
    await change(world, "acme", { properties: { open: false } });
    expect(refs(await world.messages())).toEqual(["came", "closed"]);
  });

  it("ends for an object as well", async ({ world }) => {
    await world.workflow("open", [waitForOpen]);
    await world.trigger("open", [{ object_type: "team", id: "one", $sms: "+14155550100" }], {
      tenant_id: "acme",
    });
    await change(world, "acme", { properties: { open: true } });
    expect(refs(await world.messages())).toEqual(["came"]);
  });
});

it("a node that is not a wait reads the tenant again whenever it runs", async ({ world }) => {
  await saveTenant(world, "acme", { tenant_name: "Acme", properties: { open: false } });
  const choice = branches("b", [
    { when: [isOpen("$tenant")], nodes: [sms("open")] },
    { nodes: [sms("shut")] },
  ]);
  await world.workflow("ask", [delay("d", "1h"), choice, node("send_sms", "end", { template: "text" })]);
  await world.trigger("ask", [ann], { tenant_id: "acme" });
  await change(world, "acme", { properties: { open: true } });
  await world.pass("1h");
  expect(refs(await world.messages())).toEqual(["open", "end"]);
});
