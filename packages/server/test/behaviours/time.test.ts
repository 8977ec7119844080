import { describe, expect } from "vitest";
import { onServer as it } from "../fixture.ts";
import type { Server } from "../harness.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { all, leaf } from "../conditions.ts";
import {
  branches,
  complaints,
  createWorld,
  delay,
  node,
  on,
  person,
  refs,
  sms,
  START,
  TEXT,
  texts,
  type World,
} from "./world.ts";

/* A workspace has one time, for everything that its workflows check and wait for. */

async function worldAt(harness: Server, at: string): Promise<World> {
  const world = await createWorld(harness, at);
  await world.template("text", TEXT);
  return world;
}

const wireTime = (ms: number) => new Date(ms).toISOString().replace("Z", "000Z");
const lastWait = async (world: World) => (await world.executions()).at(-1)?.waiting_until;

describe("now, in an expression", () => {
  it("of a delay is the time of the clock", async ({ harness }) => {
    const world = await worldAt(harness, START);
    await world.workflow("later", [delay("d", "now + 3600 | todate", "dynamic"), sms("s")]);
    await world.trigger("later", [person("ann")]);
    expect(await lastWait(world)).toBe("2026-07-16T13:00:00.000000Z");
    await world.pass("1h");
    expect(refs(await world.messages())).toEqual(["s"]);
  });

  it("of a batch's window is compared with what the trigger says", async ({ harness }) => {
    const world = await worldAt(harness, START);
    const dynamic_window_expr = 'if (.at | fromdate) > now then "1h" else "5m" end';
    const batch = node("batch", "b", { mode: "accumulate_all", window_type: "dynamic", dynamic_window_expr });
    await world.workflow("gather", [batch, sms("s")]);
    await world.trigger("gather", [person("ann")], { data: { at: "2026-08-01T00:00:00Z" } });
    expect(await lastWait(world)).toBe("2026-07-16T13:00:00.000000Z");
  });

  it("of a transform is the time of the templates after it", async ({ harness }) => {
    const world = await worldAt(harness, START);
    const date = '{{datetime-format "now" "YYYY-MM-DD"}}';
    await world.template("dates", { sms: { type: "basic", body: `{{early}} ${date}` } });
    const variables = [{ key: "early", value_lang: "handlebars", value: date }];
    await world.workflow("dates", [node("transform", "t", { variables }), sms("s", "dates")]);
    await world.trigger("dates", [person("ann")]);
    expect(texts(await world.messages())).toEqual(["s: 2026-07-16 2026-07-16"]);
  });

  it("of an override of an event's recipient is it, too", async ({ harness }) => {
    const world = await worldAt(harness, START);
    const recipient = 'if now < ("2026-08-01T00:00:00Z" | fromdate) then "july" else "august" end';
    const override = { override_recipients_type: "user", override_recipients_user_expr: recipient };
    await world.workflow("whose", [sms("s")], { ...on("Go"), ...override });
    for (const id of ["july", "august"])
      await world.call("POST", `/v1/user/${id}/`, { $sms: "+14155550100" });
    await world.event("july", "Go");
    await world.pass("20d");
    await world.event("july", "Go");
    expect(texts(await world.messages())).toEqual(["s: Hello july", "s: Hello august"]);
  });
});

describe("a digest without a start", () => {
  const everyThirdDay = { frequency: "daily", interval: 3, time: "06:00" };

  it.for(["2027-03-01T12:00:00Z", "2026-07-18T10:00:00Z"])(
    "counts its days from the commit by a clock that stood at %s, whenever each recipient comes",
    async (at, { harness }) => {
      const world = await worldAt(harness, at);
      const digest = node("digest", "d", { schedule_type: "static", schedule: everyThirdDay });
      await world.workflow("news", [digest, sms("s")]);
      const first = new Date(`${at.slice(0, 10)}T06:00:00Z`).getTime() + 3 * 86_400_000;
      const closes = wireTime(first);
      await world.trigger("news", [person("ann")]);
      expect(await lastWait(world)).toBe(closes);
      await world.pass("25h");
      await world.trigger("news", [person("bob")]);
      expect(await lastWait(world)).toBe(closes);
      await world.pass("3d");
      expect(await world.messages()).toHaveLength(2);
      await world.trigger("news", [person("bob")]);
      expect(await lastWait(world)).toBe(wireTime(first + 3 * 86_400_000));
    },
  );
});

describe("when a workflow was last executed", () => {
  const shown = async (world: World, slug: string) => {
    const { json } = await world.manage("GET", `v1/workflow/${slug}/`);
    return (json as { last_executed_at: string | null }).last_executed_at;
  };

  it("is null until it is, and not the time of what was refused", async ({ harness }) => {
    const world = await worldAt(harness, START);
    const never: JsonObject = { conditions: [all(leaf("x", "==", "1"))] };
    await world.workflow("refused", [sms("s")], never);
    await world.workflow("run", [branches("b", [{ when: [] }, {}]), sms("s")]);
    expect(await shown(world, "run")).toBeNull();
    const before = new Date().toISOString();
    await world.trigger("refused", [person("ann")], { data: { x: 2 } });
    await world.trigger("run", [person("ann")]);
    expect(complaints((await world.executions()).at(-1))).toEqual([]);
    expect(await shown(world, "refused")).toBeNull();
    const at = (await shown(world, "run")) ?? "";
    expect(at >= before && at <= new Date().toISOString()).toBe(true);
  });
});
