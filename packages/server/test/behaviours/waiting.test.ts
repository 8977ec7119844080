import { describe, expect } from "vitest";
import { onServer as it } from "../fixture.ts";
import type { Json, JsonObject } from "../../src/core/json.ts";
import { all, leaf } from "../conditions.ts";
import {
  branches,
  complaints,
  createWorld,
  delay,
  node,
  person,
  refs,
  sms,
  START,
  stepsAt,
  TEXT,
  texts,
  whom,
  type World,
} from "./world.ts";

/* Batches, digests, windows and waits, over days of a frozen clock that is moved from one due time to the next. */

it.beforeEach(async ({ world }) => {
  await world.template("text", TEXT);
  const body = "{{$batched_events_count}}:{{#each $batched_events}} {{n}}{{/each}}";
  await world.template("gathered", { sms: { type: "basic", body } });
});

const ann = person("ann");

async function triggerEach(world: World, workflow: string, items: JsonObject[]): Promise<void> {
  for (const data of items) await world.trigger(workflow, [ann], { data });
}

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => ({ n: from + index }));

/** When waiting runs will continue, by trigger. */
const waits = async (world: World) => (await world.executions()).map(({ waiting_until }) => waiting_until);

describe("batches", () => {
  const batch = (properties: JsonObject = {}) =>
    node("batch", "b", { mode: "accumulate_all", window_type: "fixed", fixed_window: "1h", ...properties });
  const gathered = sms("s", "gathered");

  it("16.10 of 12 triggers a batch sends one message with the first 10 and the count of all; the opener alone goes on", async ({
    world,
  }) => {
    await world.workflow("orders", [batch({ retain_count: 10, retain_order: "first" }), gathered]);
    await triggerEach(world, "orders", numbers(1, 12));
    expect(await world.messages()).toEqual([]);
    await world.pass("1h");

    const messages = await world.messages();
    expect(texts(messages)).toEqual(["s: 12: 1 2 3 4 5 6 7 8 9 10"]);
    const [opener, ...joined] = await world.executions();
    expect(messages[0]?.execution_id).toBe(opener?.execution_id);
    expect(joined).toHaveLength(11);
    for (const run of joined) {
      expect(run.status).toBe("completed");
      expect(stepsAt(run, "b").at(-1)?.properties).toMatchObject({ code: "batch_absorbed" });
    }
  });

  it("16.11 a batch key splits batches, and a longer dynamic value of a later trigger does not move a window", async ({
    world,
  }) => {
    const keyed = batch({ window_type: "dynamic", dynamic_window_expr: ".window", batch_key: ".post" });
    await world.workflow("posts", [keyed, gathered]);
    await triggerEach(world, "posts", [
      { n: 1, post: "a", window: "1h" },
      { n: 2, post: "b", window: "2h" },
      { n: 3, post: "a", window: "3h" },
      { n: 4, post: "b", window: 60 },
    ]);
    await world.pass("59m");
    expect(await world.messages()).toEqual([]);
    await world.pass("1m");
    expect(texts(await world.messages())).toEqual(["s: 2: 1 3"]);
    await world.pass("59m");
    expect(await world.messages()).toHaveLength(1);
    await world.pass("1m");
    expect(texts(await world.messages())).toEqual(["s: 2: 1 3", "s: 2: 2 4"]);
  });

  it("16.12 flush-leading sends the first at once with count 1, the others later without it, and nothing after a quiet window", async ({
    world,
  }) => {
    await world.workflow("alerts", [batch({ mode: "flush_leading_item" }), gathered]);
    await triggerEach(world, "alerts", [{ n: 1 }]);
    expect(texts(await world.messages())).toEqual(["s: 1: 1"]);
    await triggerEach(world, "alerts", numbers(2, 4));
    expect(await world.messages()).toHaveLength(1);
    await world.pass("1h");
    expect(texts(await world.messages())).toEqual(["s: 1: 1", "s: 3: 2 3 4"]);

    await triggerEach(world, "alerts", [{ n: 5 }]);
    await world.pass("2h");
    expect(texts(await world.messages()).slice(2)).toEqual(["s: 1: 5"]);
  });
});

describe("digests", () => {
  const digest = (schedule: JsonObject, more: JsonObject = {}) =>
    node("digest", "d", { schedule_type: "static", schedule, ...more });

  it("16.13 a daily digest keeps 19:00 in London across the change to summer time, and below its minimum sends nothing", async ({
    world,
    harness,
  }) => {
    world = await createWorld(harness, "2027-03-27T12:00:00Z");
    await world.template("gathered", { sms: { type: "basic", body: "{{$batched_events_count}}" } });
    const schedule = { frequency: "daily", time: "19:00", tz_selection: "recipient" };
    await world.workflow("daily", [digest(schedule, { trigger_min_count: 2 }), sms("s", "gathered")]);
    const london = person("ann", { $timezone: "Europe/London" });
    const say = async (count: number) => {
      for (let index = 0; index < count; index++) await world.trigger("daily", [london]);
    };
    await say(2);
    expect((await waits(world))[0]).toBe("2027-03-27T19:00:00.000000Z");
    await world.reach("2027-03-27T19:00:00Z");
    expect(texts(await world.messages())).toEqual(["s: 2"]);

    // The night of the clock change; from here on 19:00 is an hour earlier.
    await say(3);
    await world.reach("2027-03-28T17:59:59Z");
    expect(await world.messages()).toHaveLength(1);
    await world.reach("2027-03-28T18:00:00Z");
    expect(texts(await world.messages())).toEqual(["s: 2", "s: 3"]);

    await say(1);
    await world.reach("2027-03-29T18:00:00Z");
    expect(await world.messages()).toHaveLength(2);
    const last = (await world.executions()).at(-1);
    expect(last?.status).toBe("completed");
    expect(stepsAt(last, "d").at(-1)?.properties).toMatchObject({ code: "digest_below_min_count" });
  });

  it("16.14 a digest from 17 July 17:00, daily at 16:00, first closes on 18 July at 16:00", async ({
    world,
  }) => {
    const schedule = {
      frequency: "daily",
      time: "16:00",
      dtstart: "2026-07-17T17:00:00",
      tz_selection: "fixed",
      tz_fixed: "UTC",
    };
    await world.workflow("daily", [digest(schedule), sms("s", "gathered")]);
    // Before its start as well as after it.
    await triggerEach(world, "daily", [{ n: 1 }]);
    expect(await waits(world)).toEqual(["2026-07-18T16:00:00.000000Z"]);
    await world.reach("2026-07-17T17:30:00Z");
    await triggerEach(world, "daily", [{ n: 2 }]);
    await world.reach("2026-07-18T15:59:59Z");
    expect(await world.messages()).toEqual([]);
    await world.reach("2026-07-18T16:00:00Z");
    expect(texts(await world.messages())).toEqual(["s: 2: 1 2"]);
  });
});

describe("time windows", () => {
  it("16.15 outside its hours a window waits for them, and looks again when the recipient's time zone changes", async ({
    world,
  }) => {
    const windows = [{ frequency: "daily", stime: "09:00", etime: "17:00" }];
    await world.workflow("office", [
      node("timewindow", "w", { windows, tz_selection: "recipient" }),
      sms("s"),
    ]);
    // Stored, because an inline profile would apply to its run, whatever happens to the stored one.
    const homes = {
      inside: "Europe/London",
      stays: "Asia/Tokyo",
      nearer: "Asia/Tokyo",
      farther: "America/Los_Angeles",
    };
    for (const [name, $timezone] of Object.entries(homes)) {
      await world.call("POST", `/v1/user/${name}/`, { $sms: "+14155550100", $timezone });
    }
    await world.trigger("office", Object.keys(homes));
    // 13:00 in London, 21:00 in Tokyo, 05:00 in Los Angeles.
    const until = async () =>
      Object.fromEntries((await world.executions()).map((run) => [run.recipient, run.waiting_until]));
    expect(await until()).toEqual({
      inside: null,
      stays: "2026-07-17T00:00:00.000000Z",
      nearer: "2026-07-17T00:00:00.000000Z",
      farther: "2026-07-16T16:00:00.000000Z",
    });
    expect(whom(await world.messages())).toEqual(["inside"]);

    const move = async (distinct_id: string, $timezone: string) => {
      const body = { operations: [{ $set: { $timezone } }] };
      expect((await world.call("PATCH", `/v1/user/${distinct_id}/`, body)).status).toBe(202);
      await world.settle();
    };
    await move("nearer", "Europe/London");
    expect(whom(await world.messages())).toEqual(["inside", "nearer"]);
    // 20:00 there: the office has closed, so it waits until tomorrow.
    await move("farther", "Asia/Singapore");
    expect(await until()).toMatchObject({
      stays: "2026-07-17T00:00:00.000000Z",
      farther: "2026-07-17T01:00:00.000000Z",
    });
    await world.reach("2026-07-17T01:00:00Z");
    expect(whom(await world.messages())).toEqual(["farther", "inside", "nearer", "stays"]);
  });
});

describe("waits", () => {
  const paid = {
    type: "future_event",
    event_name: "Paid",
    event_conditions: [leaf("total", ">", "100", "$future_event")],
  };
  const aDay = { type: "delay", delay_properties: { delay_type: "fixed", value: "1d" } };
  const wait = branches(
    "w",
    [
      { when: [paid], nodes: [sms("came")] },
      { when: [aDay], nodes: [sms("timeout")] },
    ],
    "branch_waituntil",
  );

  it("16.16 a wait ignores what came before it and what its filter refuses; of a match and the timer exactly one wins", async ({
    world,
  }) => {
    await world.workflow("checkout", [delay("d", "1h"), wait, sms("after")]);
    await world.trigger("checkout", [ann, person("ben")]);
    await world.event("ann", "Paid", { total: 500 });
    await world.pass("1h");
    await world.event("ann", "Paid", { total: 100 });
    await world.event("ben", "Opened", { total: 500 });
    expect(await world.messages()).toEqual([]);
    await world.event("ann", "Paid", { total: 101 });
    expect(refs(await world.messages())).toEqual(["came", "after"]);
    await world.pass("1d");
    const ways = (await world.messages()).map(({ recipient, workflow }) => [
      recipient.distinct_id,
      workflow.node_ref,
    ]);
    expect(ways.slice(2)).toEqual([
      ["ben", "timeout"],
      ["ben", "after"],
    ]);

    const many = Array.from({ length: 40 }, (_, index) => person(`user-${index}`));
    await world.trigger("checkout", many);
    await world.pass("1h");
    const events = many.map(({ distinct_id }) => ({
      distinct_id,
      event: "Paid",
      properties: { total: 101 },
    }));
    await Promise.all([world.pass("1d"), ...events.map((event) => world.call("POST", "/v2/event/", event))]);
    await world.settle();
    const raced = Map.groupBy((await world.messages()).slice(4), ({ recipient }) => recipient.distinct_id);
    expect(raced.size).toBe(40);
    for (const [who, messages] of raced) {
      const [way = "", ...rest] = refs(messages);
      expect(["came", "timeout"], `${who}`).toContain(way);
      expect(rest, `${who}`).toEqual(["after"]);
    }
  });

  it("16.26 a dynamic delay takes seconds, a duration and a time to come; a time that is past and a missing value end the run", async ({
    world,
  }) => {
    await world.workflow("later", [delay("d", ".wait", "dynamic"), sms("s")]);
    const START_MS = Date.parse(START);
    const at = (minutes: number) => new Date(START_MS + minutes * 60_000).toISOString();
    const micros = (minutes: number) => at(minutes).replace(".000Z", ".000000Z");
    const good: [Json, string][] = [
      [600, micros(10)],
      ["20m", micros(20)],
      ["1h30m", micros(90)],
      [at(30), micros(30)],
    ];
    for (const [value] of good) await world.trigger("later", [ann], { data: { wait: value } });
    expect(await waits(world)).toEqual(good.map(([, until]) => until));
    await world.pass("2h");
    expect(await world.messages()).toHaveLength(good.length);

    const bad: Json[] = [at(-1), null, "soon", -5, true, [600], { s: 5 }];
    const payloads = [{}, ...bad.map((value) => ({ wait: value }))];
    for (const data of payloads) await world.trigger("later", [ann], { data });
    const runs = (await world.executions()).slice(good.length);
    expect(runs).toHaveLength(payloads.length);
    for (const [index, run] of runs.entries()) {
      expect(run, JSON.stringify(payloads[index])).toMatchObject({ status: "failed", waiting_until: null });
      expect(complaints(run)[0]).toContain("jq-expression '.wait'");
    }
    expect(await world.messages()).toHaveLength(good.length);
  });
});

describe("branches", () => {
  const when = (way: string) => all(leaf("way", "==", JSON.stringify(way)));

  it("16.17 a terminal branch ends the run, another rejoins after the branch node", async ({ world }) => {
    await world.workflow("fork", [
      branches("outer", [
        {
          when: [when("inner")],
          nodes: [
            branches("inner", [
              { when: [when("inner")], nodes: [sms("deep")], is_terminal: true },
              { nodes: [] },
            ]),
            sms("after_inner"),
          ],
        },
        { when: [when("end")], nodes: [sms("last")], is_terminal: true },
        { when: [when("on")], nodes: [sms("on")] },
        { nodes: [] },
      ]),
      sms("after"),
    ]);
    const ways: [string, string[]][] = [
      ["end", ["last"]],
      ["on", ["on", "after"]],
      ["inner", ["deep"]],
      ["none", ["after"]],
    ];
    for (const [way, expected] of ways) {
      const before = (await world.messages()).length;
      await world.trigger("fork", [ann], { data: { way } });
      expect(refs(await world.messages()).slice(before), way).toEqual(expected);
    }
    expect((await world.executions()).map(({ status }) => status)).toEqual(ways.map(() => "completed"));
  });

  it("16.18 the first branch that matches is taken, and the default where none does", async ({ world }) => {
    const over = (amount: number) => all(leaf("amount", ">", String(amount)));
    await world.workflow("sizes", [
      branches("size", [
        { when: [over(100)], nodes: [sms("large")] },
        { when: [over(10)], nodes: [sms("medium")] },
        { when: [over(1)], nodes: [sms("small")] },
        { nodes: [sms("none")] },
      ]),
    ]);
    const sizes: [JsonObject, string][] = [
      [{ amount: 1000 }, "large"],
      [{ amount: 100 }, "medium"],
      [{ amount: 2 }, "small"],
      [{ amount: 1 }, "none"],
      [{ amount: "1000" }, "none"],
      [{}, "none"],
    ];
    for (const [data] of sizes) await world.trigger("sizes", [ann], { data });
    expect(refs(await world.messages())).toEqual(sizes.map(([, ref]) => ref));
  });
});

describe("cancelling", () => {
  const aDay = { type: "delay", delay_properties: { delay_type: "fixed", value: "1d" } };
  const paid = { type: "future_event", event_name: "Paid" };
  const gathering = node("batch", "b", { mode: "accumulate_all", window_type: "fixed", fixed_window: "1d" });
  const cancel = (world: World, body: JsonObject) => world.call("POST", "/v1/workflow_run/cancel/", body);

  it.for<[string, JsonObject]>([
    ["delay", delay("d", "1d")],
    [
      "wait",
      branches(
        "w",
        [
          { when: [paid], nodes: [] },
          { when: [aDay], nodes: [] },
        ],
        "branch_waituntil",
      ),
    ],
    ["batch", gathering],
  ])(
    "16.27 a run that is cancelled in a %s ends there, and neither time nor events bring it back",
    async ([_name, held], { world }) => {
      await world.workflow("held", [sms("before"), held, sms("after")]);
      await world.trigger("held", [ann], { $idempotency_key: "one" });
      await world.trigger("held", [person("ben")]);
      const [first, second] = await world.executions();
      const answer = await cancel(world, { idempotency_key: "one", workflow_slug: "held" });
      expect(answer).toMatchObject({ status: 200, json: { execution_ids: [first?.execution_id] } });
      const [cancelled] = await world.executions();
      expect(cancelled).toMatchObject({ status: "cancelled", waiting_until: null });
      expect(cancelled?.steps.at(-1)?.message).toContain("cancelled via API");
      // Only runs in progress are cancelled, and only once.
      expect((await cancel(world, { idempotency_key: "one" })).json).toEqual({ execution_ids: [] });

      await world.event("ann", "Paid");
      await world.pass("2d");
      expect(refs(await world.messages())).toEqual(["before", "before", "after"]);
      expect((await world.messages()).at(-1)?.execution_id).toBe(second?.execution_id);
    },
  );

  it("16.27 names runs by execution and by recipient, and filters must all match", async ({ world }) => {
    await world.workflow("held", [delay("d", "1d"), sms("after")]);
    await world.workflow("other", [delay("d", "1d"), sms("after")]);
    await world.trigger("held", [ann, person("ben"), person("cem")]);
    await world.trigger("other", [ann]);
    const runs = await world.executions();
    const idOf = (who: string, slug = "held") =>
      runs.find((run) => run.recipient === who && run.workflow_slug === slug)?.execution_id;
    expect(
      (await cancel(world, { execution_id: idOf("ben"), recipients: ["ann"] } as JsonObject)).json,
    ).toEqual({
      execution_ids: [],
    });
    expect((await cancel(world, { execution_id: idOf("ben") } as JsonObject)).json).toEqual({
      execution_ids: [idOf("ben")],
    });
    expect((await cancel(world, { recipients: ["ann", "nobody"], workflow_slug: "held" })).json).toEqual({
      execution_ids: [idOf("ann")],
    });
    await world.pass("1d");
    expect(whom(await world.messages())).toEqual(["ann", "cem"]);
    // Runs that have ended are not cancelled any more.
    expect((await cancel(world, { recipients: ["ann", "cem"] })).json).toEqual({ execution_ids: [] });
  });

  it("16.27 a cancel that matches nothing gives an empty list, and one without a filter the refusal of the wire", async ({
    world,
  }) => {
    const nothing = { status: 200, json: { execution_ids: [] } };
    expect(await cancel(world, { execution_id: "nowhere" })).toMatchObject(nothing);
    expect(await cancel(world, { recipients: ["nobody"] })).toMatchObject(nothing);
    expect(await cancel(world, { idempotency_key: "never" })).toMatchObject(nothing);
    const refusal = {
      code: 400,
      message: "at least one filter is required: execution_id, recipients, idempotency_key",
    };
    for (const body of [{}, { workflow_slug: "held" }, { recipients: [] }, { execution_id: "" }]) {
      expect(await cancel(world, body), JSON.stringify(body)).toMatchObject({ status: 400, json: refusal });
    }
  });

  it("16.27 cancelling a trigger that joined a batch takes out what it brought, and nothing else", async ({
    world,
  }) => {
    await world.workflow("orders", [gathering, sms("s", "gathered")]);
    for (const n of [1, 2, 3]) {
      await world.trigger("orders", [ann], { data: { n }, $idempotency_key: `order-${n}` });
    }
    expect((await cancel(world, { idempotency_key: "order-2" })).status).toBe(200);
    await world.pass("1d");
    expect(texts(await world.messages())).toEqual(["s: 2: 1 3"]);
  });
});
