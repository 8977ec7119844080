import { describe, expect } from "vitest";
import { onOwnServer as it } from "../../../test/fixture.ts";
import { is } from "../../../test/conditions.ts";
import { branches, refs, sms, TEXT } from "../../../test/behaviours/world.ts";
import type { JsonObject } from "../../core/json.ts";

/* Each way to edit a profile from outside signals the runs that wait for it. */

it.beforeEach(async ({ world }) => {
  await world.template("text", TEXT);
  const isPro = is("plan", "pro", "$recipient");
  const aDay = { type: "delay", delay_properties: { delay_type: "fixed", value: "1d" } };
  const wait = [
    { when: [isPro], nodes: [sms("came")] },
    { when: [aDay], nodes: [sms("timeout")] },
  ];
  await world.workflow("upgrade", [branches("w", wait, "branch_waituntil")]);
  await world.call("POST", "/v1/user/ann/", { $sms: "+14155550100", plan: "free" });
  await world.trigger("upgrade", ["ann"]);
});

const to = (plan: string) => ({ $set: { plan } });

describe("an edited profile wakes the runs that wait for it", () => {
  it.for<[string, string, "POST" | "PATCH", (plan: string) => JsonObject]>([
    ["an upsert", "/v1/user/ann/", "POST", (plan) => ({ plan })],
    ["an edit", "/v1/user/ann/", "PATCH", (plan) => ({ operations: [to(plan)] })],
    ["an SDK's event", "/event/", "POST", (plan) => ({ distinct_id: "ann", $user_operations: [to(plan)] })],
    [
      "another trigger",
      "/trigger/",
      "POST",
      (plan) => ({ workflow: "upgrade", recipients: [{ distinct_id: "ann", plan }] }),
    ],
  ])("by %s, once the awaited value is set", async ([_name, url, method, bodyOf], { world }) => {
    expect((await world.call(method, url, bodyOf("plus"))).status).toBeLessThan(300);
    await world.settle();
    expect(await world.messages()).toEqual([]);
    expect((await world.call(method, url, bodyOf("pro"))).status).toBeLessThan(300);
    await world.settle();
    const [waited] = await world.executions();
    const sent = (await world.messages()).filter(({ execution_id }) => execution_id === waited?.execution_id);
    expect(refs(sent)).toEqual(["came"]);
  });
});
