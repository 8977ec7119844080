import { z } from "zod";
import { describe, expect } from "vitest";
import { onOwnApi as it } from "../../../test/fixture.ts";
import { until, type Server } from "../../../test/harness.ts";
import { is } from "../../../test/conditions.ts";
import { delay, node, type Pipeline, sms, type TriggerBody } from "../../../test/pipeline.ts";
import type { Condition } from "../../core/conditions/conditions.ts";
import { defineNode, next, type NodeDefinition, requestEffect } from "../node.ts";

/* The harness only accepts: its queues wait until a test starts a worker. */

it.beforeEach(async ({ pipeline }) => {
  await pipeline.addTemplate("text");
});

const person = (distinct_id: string) => ({ distinct_id, $sms: "+14155550100" });

/** The request's log entry, once it has errors. */
const loggedRequest = (pipeline: Pipeline, id: string) =>
  until(async () => {
    const request = await pipeline.request(id);
    return request.errors === null ? null : request;
  });

/** Triggers many records in one call; they share one job. */
async function triggerAll(pipeline: Pipeline, bodies: TriggerBody[]): Promise<string[]> {
  const answer = await pipeline.call("POST", "/trigger/", bodies);
  return (answer.json as { records: { message_id: string }[] }).records.map(({ message_id }) => message_id);
}

/** Makes everything that waits for a retry due now. */
async function skipBackoff(harness: Server): Promise<void> {
  await harness.services.db.query(
    "update pgboss.job set start_after = now() - interval '1 second' where state = 'retry'",
  );
  await harness.services.db.query("notify carillon_wake, 'expand-transactional'");
}

async function unfinishedJobs(harness: Server): Promise<number> {
  const [row] = await harness.services.db.query<{ count: number }>(
    "select count(*) from pgboss.job where state < 'completed' and name like 'expand-%'",
  );
  return row?.count ?? -1;
}

describe("an accepted request", () => {
  it("becomes one run for each recipient, which is walked at once", async ({ pipeline, workers }) => {
    await pipeline.commit("hello", [sms("sms_1")]);
    const id = await pipeline.trigger({ workflow: "hello", recipients: [person("ann"), person("bob")] });
    await workers.start();

    expect(await pipeline.finished(2)).toMatchObject([
      { request_id: id, distinct_id: "ann", status: "completed" },
      { request_id: id, distinct_id: "bob", status: "completed" },
    ]);
    expect((await pipeline.messages()).map(({ distinct_id }) => distinct_id)).toEqual(["ann", "bob"]);
    expect(await pipeline.request(id)).toEqual({ status: "accepted", errors: null });
  });

  it("of an unknown tenant runs nothing and its log names the tenant", async ({ pipeline, workers }) => {
    await pipeline.commit("hello", [sms("sms_1")]);
    const id = await pipeline.trigger({ workflow: "hello", recipients: ["ann"], tenant_id: "nobody" });
    await workers.start();

    expect(await loggedRequest(pipeline, id)).toMatchObject({
      status: "failure",
      errors: [
        {
          error_code: "tenant_not_found",
          severity: "error",
          workflow_slug: "hello",
          error_description: "[workflow: hello] tenant doesn't exist with id: nobody",
        },
      ],
    });
    expect(await pipeline.runs()).toEqual([]);
  });

  it.for([
    ["disabled", "is_enabled = false", "workflow with slug 'hello' is disabled"],
    ["deleted", "deleted_at = now()", "workflow 'hello' not found"],
  ] as const)(
    "runs nothing when its workflow was %s before its turn came",
    async ([_name, change, error_description], { pipeline, workers, harness }) => {
      await pipeline.commit("hello", [sms("sms_1")]);
      const id = await pipeline.trigger({ workflow: "hello", recipients: ["ann"] });
      await harness.services.db.query(`update workflow set ${change} where workspace_id = $1`, [
        pipeline.workspace_id,
      ]);
      await workers.start();

      expect(await loggedRequest(pipeline, id)).toMatchObject({
        status: "failure",
        errors: [{ error_description }],
      });
      expect(await pipeline.runs()).toEqual([]);
    },
  );
});

describe("trigger conditions", () => {
  it("are evaluated for each recipient; where they are false, the log has the values they read", async ({
    pipeline,
    workers,
  }) => {
    const conditions: Condition[] = [is("plan", "gold", "$recipient"), is("force", "yes")];
    await pipeline.commit("hello", [sms("sms_1")], { conditions });
    const mixed = await pipeline.trigger({
      workflow: "hello",
      recipients: [
        { ...person("ann"), plan: "gold" },
        { ...person("bob"), plan: "tin" },
      ],
    });
    const none = await pipeline.trigger({
      workflow: "hello",
      recipients: [{ ...person("cyd"), plan: "tin" }],
    });
    const forced = await pipeline.trigger({
      workflow: "hello",
      recipients: [{ ...person("dan"), plan: "tin" }],
      data: { force: "yes" },
    });
    await workers.start();

    expect((await pipeline.finished(2)).map(({ distinct_id }) => distinct_id)).toEqual(["ann", "dan"]);
    expect(await loggedRequest(pipeline, mixed)).toMatchObject({
      status: "partial_failure",
      errors: [
        {
          error_code: "conditions_false",
          severity: "warning",
          error_description: "trigger conditions are false for user 'bob'",
        },
      ],
    });
    const refused = await loggedRequest(pipeline, none);
    expect(refused.status).toBe("partial_failure");
    expect(JSON.stringify(refused.errors?.[0]?.trace)).toContain('"tin"');
    expect(await pipeline.request(forced)).toEqual({ status: "accepted", errors: null });
  });
});

describe("a tracked event", () => {
  const track = (pipeline: Pipeline, distinct_id: string, event: string) =>
    pipeline.call("POST", "/v2/event/", { distinct_id, event, properties: {} });

  it("starts every live workflow of its name, in any spelling, and no other", async ({
    pipeline,
    workers,
  }) => {
    await pipeline.commit("welcome", [sms("sms_1")], { events: ["Signed Up"] });
    await pipeline.commit("audit", [sms("sms_1")], { events: ["signed up", "left"] });
    await pipeline.commit("goodbye", [sms("sms_1")], { events: ["left"] });
    await pipeline.call("POST", "/v1/user/ann/", { $sms: "+14155550100" });

    expect((await track(pipeline, "ann", "SIGNED UP")).status).toBe(202);
    await workers.start();

    await pipeline.finished(2);
    const slugs = (await pipeline.messages()).map(({ execution_id }) => execution_id);
    expect(new Set(slugs).size).toBe(2);
  });

  it("of a user who does not exist creates none, and its log says so", async ({ pipeline, workers }) => {
    await pipeline.commit("welcome", [sms("sms_1")], { events: ["Signed Up"] });
    const answer = await track(pipeline, "stranger", "Signed Up");
    await workers.start();

    const { message_id } = answer.json as { message_id: string };
    expect(await loggedRequest(pipeline, message_id)).toMatchObject({
      status: "failure",
      errors: [
        { error_code: "user_not_found", error_description: "user [distinct_id: 'stranger'] not found" },
      ],
    });
    expect((await pipeline.call("GET", "/v1/user/stranger/")).status).toBe(404);
  });
});

describe("recipients of a trigger", () => {
  it("are not created where it says so, and the others run", async ({ pipeline, workers }) => {
    await pipeline.commit("hello", [sms("sms_1")]);
    const id = await pipeline.trigger({
      workflow: "hello",
      recipients: [{ distinct_id: "stranger", $skip_create: true }, person("ann")],
    });
    await workers.start();

    expect(await pipeline.finished(1)).toMatchObject([{ distinct_id: "ann" }]);
    expect(await loggedRequest(pipeline, id)).toMatchObject({
      status: "partial_failure",
      errors: [{ error_code: "user_not_found" }],
    });
    expect((await pipeline.call("GET", "/v1/user/stranger/")).status).toBe(404);
  });

  it("of whom none exists are logged as such, besides the problem of each", async ({ pipeline, workers }) => {
    await pipeline.commit("hello", [sms("sms_1")]);
    const stranger = (distinct_id: string) => ({ distinct_id, $skip_create: true });
    const id = await pipeline.trigger({ workflow: "hello", recipients: [stranger("a"), stranger("b")] });
    await workers.start();

    const request = await until(async () => {
      const row = await loggedRequest(pipeline, id);
      return row?.status === "failure" ? row : null;
    });
    expect(request).toMatchObject({
      errors: [
        { error_code: "user_not_found", recipient: "a" },
        { error_code: "user_not_found", recipient: "b" },
        { error_code: "no_valid_recipients", error_description: "no valid recipients found" },
      ],
    });
  });

  it("who are transient are reached without a stored profile", async ({ pipeline, workers, harness }) => {
    await pipeline.commit("hello", [sms("sms_1")]);
    await pipeline.trigger({ workflow: "hello", recipients: [{ is_transient: true, $sms: "+14155550100" }] });
    await workers.start();

    const [run] = await pipeline.finished(1);
    expect(run?.distinct_id).toMatch(/^_transient_/);
    expect(await pipeline.messages()).toMatchObject([{ channel_value: "+14155550100", recipient_id: null }]);
    const people = await harness.services.db.query("select 1 from recipient where workspace_id = $1", [
      pipeline.workspace_id,
    ]);
    expect(people).toEqual([]);
  });
});

describe("a backlog", () => {
  it("is expanded by two workers to exactly one run per recipient", async ({ pipeline, workers }) => {
    await pipeline.commit("hello", [sms("sms_1")]);
    const people = Array.from({ length: 60 }, (_, index) => person(`user-${index}`));
    const ids: string[] = [];
    for (let call = 0; call < 20; call++) {
      // Each request shares people with its neighbours, so that the workers contend for their rows.
      const recipients = people.slice(call, call + 4);
      ids.push(
        ...(await triggerAll(
          pipeline,
          Array.from({ length: 10 }, () => ({ workflow: "hello", recipients })),
        )),
      );
    }
    await Promise.all([workers.start(), workers.start()]);

    const runs = await pipeline.finished(800);
    expect(runs).toHaveLength(800);
    expect(new Set(runs.map((run) => `${run.request_id} ${run.distinct_id}`)).size).toBe(800);
    expect(new Set(runs.map(({ request_id }) => request_id))).toEqual(new Set(ids));
    expect(await pipeline.messages()).toHaveLength(800);
  });

  it("does not stop at a request that cannot be expanded: its 99 neighbours run and it is given up", async ({
    pipeline,
    workers,
    harness,
  }) => {
    await pipeline.commit("hello", [sms("sms_1")]);
    await pipeline.commit("poison", [sms("sms_1")]);
    const bodies = Array.from({ length: 100 }, (_, index) => ({
      workflow: index === 41 ? "poison" : "hello",
      recipients: [person(`user-${index}`)],
    }));
    const poisoned = (await triggerAll(pipeline, bodies))[41] ?? "";
    // A missing version is an exception rather than a refusal, each time.
    await harness.services.db.query(
      "delete from workflow_version where workspace_id = $1 and slug = 'poison'",
      [pipeline.workspace_id],
    );
    await workers.start();

    const runs = await pipeline.finished(99);
    expect(new Set(runs.map(({ distinct_id }) => distinct_id)).size).toBe(99);
    expect(runs.every(({ status }) => status === "completed")).toBe(true);
    const given_up = await until(async () => {
      await skipBackoff(harness);
      const request = await pipeline.request(poisoned);
      return request.errors === null ? null : request;
    });
    expect(given_up).toMatchObject({
      status: "failure",
      errors: [{ error_code: "internal", error_description: expect.stringMatching(/^500: .* is gone$/) }],
    });
    expect(await pipeline.runs()).toHaveLength(99);
    expect(await unfinishedJobs(harness)).toBe(0);
  });

  it("runs when the obstacle is gone before its attempts are used up", async ({
    pipeline,
    workers,
    harness,
  }) => {
    const version = await pipeline.commit("hello", [sms("sms_1")]);
    await pipeline.trigger({ workflow: "hello", recipients: [person("ann")] });
    const { db } = harness.services;
    await db.query("update workflow_version set id = 'away' where id = $1", [version]);
    await workers.start();
    await until(async () => {
      const rows = await db.query("select 1 from pgboss.job where state = 'retry' and name like 'expand-%'");
      return rows.length > 0;
    });
    await db.query("update workflow_version set id = $1 where id = 'away'", [version]);
    await skipBackoff(harness);

    expect(await pipeline.finished(1)).toMatchObject([{ status: "completed" }]);
  });

  it("loses one run to a node that throws, and none of the others", async ({ pipeline, workers }) => {
    const explode = defineNode({
      type: "explode",
      short: "explode",
      name: "Explode",
      config: z.looseObject({}),
      run(ctx) {
        if (ctx.data.explode === true) throw new Error("boom");
        return next;
      },
    });
    await pipeline.commit("hello", [node("explode", "explode_1"), sms("sms_1")]);
    await triggerAll(
      pipeline,
      Array.from({ length: 20 }, (_, index) => ({
        workflow: "hello",
        recipients: [person(`user-${index}`)],
        data: { explode: index === 7 },
      })),
    );
    await workers.start({ nodes: [explode as NodeDefinition] });

    const runs = await pipeline.finished(20);
    expect(runs.filter(({ status }) => status === "failed")).toMatchObject([
      { distinct_id: "user-7", position: null },
    ]);
    const stopped = { s: "run_stopped", l: "error", m: "500: boom", p: { code: "internal" } };
    expect(runs[7]?.steps.at(-1)).toMatchObject(stopped);
    expect(await pipeline.messages()).toHaveLength(19);
  });

  it("loses one run to a node that throws on the result of an effect, and none of the others", async ({
    pipeline,
    workers,
  }) => {
    const explode = defineNode({
      type: "explode",
      short: "explode",
      name: "Explode",
      config: z.looseObject({}),
      run: (ctx) =>
        requestEffect("edit_profile", { who: "recipient", properties: {} }, () => {
          if (ctx.data.explode === true) throw new Error("boom");
          return next;
        }),
    });
    await pipeline.commit("hello", [node("explode", "explode_1"), sms("sms_1")]);
    await triggerAll(
      pipeline,
      Array.from({ length: 20 }, (_, index) => ({
        workflow: "hello",
        recipients: [person(`user-${index}`)],
        data: { explode: index === 7 },
      })),
    );
    await workers.start({ nodes: [explode as NodeDefinition] });

    const failed = (await pipeline.finished(20)).filter(({ status }) => status === "failed");
    expect(failed).toMatchObject([{ distinct_id: "user-7", position: null }]);
    expect(failed[0]?.steps.at(-1)).toMatchObject({ s: "run_stopped", l: "error", m: "500: boom" });
    expect(await pipeline.messages()).toHaveLength(19);
  });

  it("fails a run at a node type that the code no longer has", async ({ pipeline, workers }) => {
    await pipeline.commit("hello", [node("fax", "fax_1"), sms("sms_1")]);
    await pipeline.trigger({ workflow: "hello", recipients: [person("ann")] });
    await workers.start();

    const [run] = await pipeline.finished(1);
    expect(run).toMatchObject({ status: "failed" });
    expect(run?.steps.at(-1)).toMatchObject({ n: "fax_1", m: "node type 'fax' is not supported" });
  });
});

describe("the expanding transaction", () => {
  it("needs no second connection while it holds one", async ({ pipeline, workers, harness }) => {
    await pipeline.commit("hello", [sms("sms_1"), delay("delay_1", "1h"), sms("sms_2")]);
    await pipeline.trigger({ workflow: "hello", recipients: [person("ann")] });

    // One connection holds the lock that shows the worker is alive: all work shares the other.
    const worker = await workers.start({ pool: 2 });
    await until(async () => (await pipeline.runs())[0]?.wake_at ?? null);
    await harness.services.db.query(
      "update run set wake_at = now() - interval '1 second' where wake_at is not null",
    );
    await worker.wake();

    expect(await pipeline.finished(1)).toMatchObject([{ distinct_id: "ann", status: "completed" }]);
    expect(await pipeline.messages()).toHaveLength(2);
  });
});
