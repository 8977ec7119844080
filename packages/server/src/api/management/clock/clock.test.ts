import { describe, expect } from "vitest";
import { onServer as it } from "../../../../test/fixture.ts";
import { until } from "../../../../test/harness.ts";
import { delay, node, type Pipeline, type RunRow, sms } from "../../../../test/pipeline.ts";
import { freezeClock, readClock, sendClock } from "../../../workspaces/clock.ts";

it.beforeEach(async ({ pipeline }) => {
  await pipeline.addTemplate("text");
});

interface Clock {
  now: string;
  frozen: boolean;
  offset_seconds: number;
  advancing_to: string | null;
}

async function clock(
  pipeline: Pipeline,
  verb: "" | "freeze/" | "advance/" | "reset/",
  body?: object,
  slug = pipeline.workspace.slug,
): Promise<{ status: number; json: Clock & { message?: string } }> {
  const answer = await pipeline.app.inject({
    method: verb === "" ? "GET" : "POST",
    url: `/v1/${slug}/clock/${verb}`,
    headers: { authorization: `ServiceToken ${pipeline.serviceToken}` },
    ...(body === undefined ? {} : { payload: body }),
  });
  return { status: answer.statusCode, json: JSON.parse(answer.body) as Clock };
}

const ann = { distinct_id: "ann", $sms: "+14155550100" };
const DAY = 86_400_000;
const sleeping = (pipeline: Pipeline) =>
  until(async () => (await pipeline.runs()).find(({ wake_at }) => wake_at !== null));

/** Days between the steps of a run and its beginning. */
const daysOf = ({ steps }: RunRow, stage: string): number[] =>
  steps
    .filter(({ s }) => s === stage)
    .map(({ t }) => Math.round(((t - (steps[0]?.t ?? 0)) / DAY) * 100) / 100);

describe("the clock of a sandbox", () => {
  it("is real time until it is changed", async ({ pipeline }) => {
    const { status, json } = await clock(pipeline, "");
    expect(status).toBe(200);
    expect(json).toMatchObject({ frozen: false, offset_seconds: 0, advancing_to: null });
    expect(Math.abs(Date.parse(json.now) - Date.now())).toBeLessThan(30_000);
  });

  it("advanced by a month, walks a journey through every day on which something is due", async ({
    pipeline,
  }) => {
    await pipeline.commit("journey", [
      delay("d1", "10d"),
      sms("s1"),
      delay("d2", "10d"),
      sms("s2"),
      delay("d3", "10d"),
      sms("s3"),
    ]);
    await pipeline.trigger({ workflow: "journey", recipients: [ann] });
    await sleeping(pipeline);

    const { status, json } = await clock(pipeline, "advance/", { by: "31d" });
    expect(status).toBe(200);
    expect(json).toMatchObject({ frozen: false, advancing_to: null });
    const [run] = await pipeline.runs();
    expect(run?.status).toBe("completed");
    expect(daysOf(run as RunRow, "resumed")).toEqual([10, 20, 30]);
    expect(await pipeline.messages()).toHaveLength(3);
    // The clock continues to run from there.
    expect(Math.abs(json.offset_seconds - 31 * 86_400)).toBeLessThan(30);
  });

  it("frozen, lets nothing become due, and moves exactly as far as requested", async ({ pipeline }) => {
    const { json: frozen } = await clock(pipeline, "freeze/", { at: "2030-03-01T00:00:00Z" });
    expect(frozen).toMatchObject({ now: "2030-03-01T00:00:00.000000Z", frozen: true });
    await pipeline.commit("later", [delay("d1", "1h"), sms("s1")]);
    await pipeline.trigger({ workflow: "later", recipients: [ann] });
    expect((await sleeping(pipeline)).wake_at).toEqual(new Date("2030-03-01T01:00:00Z"));

    expect((await clock(pipeline, "advance/", { by: "59m59s" })).json).toMatchObject({
      now: "2030-03-01T00:59:59.000000Z",
      frozen: true,
    });
    expect(await pipeline.messages()).toEqual([]);
    expect((await clock(pipeline, "advance/", { to: "2030-03-01T01:00:00Z" })).json).toMatchObject({
      now: "2030-03-01T01:00:00.000000Z",
      frozen: true,
      advancing_to: null,
    });
    expect(await pipeline.finished(1)).toMatchObject([{ status: "completed" }]);
  });

  it("decides when an idempotency key may be used again", async ({ pipeline }) => {
    await pipeline.commit("once", [sms("s1")]);
    const again = () =>
      pipeline.trigger({ workflow: "once", recipients: [ann], $idempotency_key: "the-same" });
    const first = await again();
    await clock(pipeline, "advance/", { by: "23h" });
    expect(await again()).toBe(first);
    await clock(pipeline, "advance/", { by: "2h" });
    expect(await again()).not.toBe(first);
    expect(await pipeline.finished(2)).toHaveLength(2);
  });

  it("is real time again after a reset, and keys claimed later than that are free", async ({ pipeline }) => {
    await pipeline.commit("once", [sms("s1")]);
    await clock(pipeline, "advance/", { by: "400d" });
    const body = { workflow: "once", recipients: [ann], $idempotency_key: "key" };
    const first = await pipeline.trigger(body);
    const { json } = await clock(pipeline, "reset/");
    expect(json).toMatchObject({ frozen: false, offset_seconds: 0 });
    expect(await pipeline.trigger(body)).not.toBe(first);
  });

  it("set back by a freeze, frees the keys claimed later than that, and keeps the earlier ones", async ({
    pipeline,
  }) => {
    await pipeline.commit("once", [sms("s1")]);
    const send = ($idempotency_key: string) =>
      pipeline.trigger({ workflow: "once", recipients: [ann], $idempotency_key });
    await clock(pipeline, "freeze/", { at: "2030-03-01T00:00:00Z" });
    const early = await send("early");
    await clock(pipeline, "freeze/", { at: "2030-03-01T02:00:00Z" });
    const late = await send("late");
    await clock(pipeline, "freeze/", { at: "2030-03-01T01:00:00Z" });
    expect(await send("late")).not.toBe(late);
    expect(await send("early")).toBe(early);
  });

  it("stops where it is for a freeze without a body", async ({ pipeline }) => {
    await clock(pipeline, "freeze/", { at: "2030-03-01T00:00:00Z" });
    const { status, json } = await clock(pipeline, "freeze/");
    expect(status).toBe(200);
    expect(json).toMatchObject({ now: "2030-03-01T00:00:00.000000Z", frozen: true });
  });

  it("goes as far as all advances together when several come at once", async ({ pipeline }) => {
    await clock(pipeline, "freeze/", { at: "2030-03-01T00:00:00Z" });
    const moves = [{ by: "1d" }, { by: "1d" }, { by: "12h" }, { by: "1d" }];
    await Promise.all(moves.map((move) => clock(pipeline, "advance/", move)));
    expect((await clock(pipeline, "")).json.now).toBe("2030-03-04T12:00:00.000000Z");
  });

  it("is not stopped early by a nearer time", async ({ pipeline, harness }) => {
    const { db } = harness.services;
    const { workspace_id } = pipeline;
    const [now, near, far] = ["01", "02", "03"].map((day) => new Date(`2030-03-${day}T00:00:00Z`));
    await freezeClock(db, workspace_id, now ?? null, null);
    for (const to of [far, near])
      expect(await sendClock(db, workspace_id, to ?? new Date(0), null)).toBe(true);
    const there = await until(async () => {
      const clock = await readClock(db, workspace_id, null);
      return clock.advancing_to === null ? clock.now : null;
    });
    expect(there).toEqual(far);
  });

  it("stops at every step of a smart routing on its way", async ({ pipeline, harness }) => {
    await pipeline.addTemplate("both", ["email", "sms", "androidpush"]);
    const smart = node("send_smart_channel_routing", "smart_1", { template: "both", ttl_value: "2d" });
    await pipeline.commit("routed", [smart]);
    const $androidpush = { token: "token-ann", provider: "fcm" };
    await pipeline.trigger({
      workflow: "routed",
      recipients: [{ ...ann, $email: "a@example.com", $androidpush }],
    });
    await pipeline.finished(1);

    await clock(pipeline, "advance/", { by: "23h" });
    const statuses = async () =>
      Object.fromEntries((await pipeline.messages()).map(({ channel, status }) => [channel, status]));
    expect(await statuses()).toMatchObject({ email: "to_be_triggered", sms: "to_be_triggered" });
    await clock(pipeline, "advance/", { by: "3d" });
    expect(await statuses()).toMatchObject({ email: "sent_by_vendor", sms: "sent_by_vendor" });
    const waits = await harness.services.db.query(
      "select channel, wait_time_in_seconds as waited from message where workspace_id = $1 order by waited",
      [pipeline.workspace_id],
    );
    expect(waits).toEqual([
      { channel: "androidpush", waited: 0 },
      { channel: "email", waited: 86_400 },
      { channel: "sms", waited: 172_800 },
    ]);
  });

  it("wakes a run of 400 days and one of ten years when they are due, and only then", async ({
    pipeline,
  }) => {
    await pipeline.commit("long", [delay("d1", "400d"), sms("s1")]);
    await pipeline.commit("longer", [delay("d1", "3650d"), sms("s1")]);
    await pipeline.trigger({ workflow: "long", recipients: [ann] });
    await pipeline.trigger({ workflow: "longer", recipients: [ann] });
    await until(async () => (await pipeline.runs()).filter(({ wake_at }) => wake_at !== null).length === 2);
    const sent = async () => (await pipeline.messages()).length;

    await clock(pipeline, "advance/", { by: "399d" });
    expect(await sent()).toBe(0);
    await clock(pipeline, "advance/", { by: "2d" });
    expect(await sent()).toBe(1);
    await clock(pipeline, "advance/", { by: "3248d" });
    expect(await sent()).toBe(1);
    await clock(pipeline, "advance/", { by: "2d" });
    expect(await sent()).toBe(2);
  });
});

describe("the clock refuses", () => {
  it("to be changed in a production workspace", async ({ pipeline, harness }) => {
    const production = await harness.services.workspaces.create({
      slug: "production",
      name: "Production",
      mode: "production",
    });
    for (const [verb, body] of [
      ["freeze/", {}],
      ["advance/", { by: "1d" }],
      ["reset/", undefined],
    ] as const) {
      const { status, json } = await clock(pipeline, verb, body, production.slug);
      expect(status).toBe(400);
      expect(json.message).toContain("only sandbox workspaces have a test clock");
    }
  });

  it.for([
    [{}, "by"],
    [{ by: "1d", to: "2030-01-01T00:00:00Z" }, "by"],
    [{ by: "0s" }, "by"],
    [{ by: "soon" }, "by"],
    [{ by: -5 }, "by"],
    [{ to: "tomorrow" }, "to"],
    [{ to: "2020-01-01T00:00:00Z" }, "to"],
    [{ by: "2932000d" }, "by"],
  ] as const)("an advance of %j, naming the field", async ([body, field], { pipeline }) => {
    const { status, json } = await clock(pipeline, "advance/", body);
    expect(status).toBe(400);
    expect(JSON.stringify(json)).toContain(field);
  });

  it.for(["1999-12-31T23:59:59Z", "2100-01-01T00:00:00Z", "2200-01-01T00:00:00Z"])(
    "a freeze at %s, where waits would not fit their columns",
    async (at, { pipeline }) => {
      const { status, json } = await clock(pipeline, "freeze/", { at });
      expect(status).toBe(400);
      expect(JSON.stringify(json)).toContain("must lie between 2000-01-01");
    },
  );

  it("an advance into the next century", async ({ pipeline }) => {
    for (const body of [{ to: "2100-01-01T00:00:00Z" }, { by: "40000d" }]) {
      const { status, json } = await clock(pipeline, "advance/", body);
      expect(status).toBe(400);
      expect(JSON.stringify(json)).toMatch(/must not l(ead past|ie after) 2099-12-31/);
    }
  });

  it("a freeze with an unknown name, and does not change the clock", async ({ pipeline }) => {
    const { status, json } = await clock(pipeline, "freeze/", { to: "2030-03-01T00:00:00Z" });
    expect(status).toBe(400);
    expect(JSON.stringify(json)).toContain("the only key is at");
    expect((await clock(pipeline, "")).json.frozen).toBe(false);
  });
});
