import { describe, expect } from "vitest";
import { onServer as it } from "../../../../test/fixture.ts";
import { until } from "../../../../test/harness.ts";
import { delay, type Pipeline, type RunRow, sms } from "../../../../test/pipeline.ts";

/* The call as clients make it. Its effects are tested in engine/cancel. */

it.beforeEach(async ({ pipeline }) => {
  await pipeline.addTemplate("text");
  await pipeline.commit("later", [delay("d", "1h"), sms("s")]);
});

const PATH = "/v1/workflow_run/cancel/";
const cancel = (pipeline: Pipeline, body: unknown) => pipeline.call("POST", PATH, body);

async function asleep(pipeline: Pipeline, recipient: string, key: string): Promise<RunRow> {
  await pipeline.trigger({ workflow: "later", recipients: [recipient], $idempotency_key: key });
  return until(async () =>
    (await pipeline.runs()).find(({ distinct_id, wake_at }) => distinct_id === recipient && wake_at !== null),
  );
}

describe("POST /v1/workflow_run/cancel/ 200", () => {
  it("answers with the executions that were really cancelled, and the second time with none", async ({
    pipeline,
  }) => {
    const run = await asleep(pipeline, "ann", "k");
    await asleep(pipeline, "bob", "l");
    const body = { recipients: ["ann", "zoe"], workflow_slug: "later" };
    expect(await cancel(pipeline, body)).toMatchObject({ status: 200, json: { execution_ids: [run.id] } });
    expect(await cancel(pipeline, body)).toMatchObject({ status: 200, json: { execution_ids: [] } });
    expect((await pipeline.runs()).map(({ status }) => status)).toEqual(["cancelled", "in_progress"]);
  });

  it("accepts what SDKs send for filters that were not set", async ({ pipeline }) => {
    const run = await asleep(pipeline, "ann", "k");
    const unset = { execution_id: "", recipients: [], idempotency_key: "k", workflow_slug: null };
    expect((await cancel(pipeline, unset)).json).toEqual({ execution_ids: [run.id] });
  });

  it("finds what a trigger named by the same strings, with blanks around them", async ({ pipeline }) => {
    for (const who of ["ann", "bob", "cy"]) {
      const keys = { cancellation_key: ` c-${who} `, $idempotency_key: `\ti-${who} ` };
      await pipeline.trigger({ workflow: "later", recipients: [` ${who} `], ...keys });
    }
    const runs = await until(async () => {
      const all = await pipeline.runs();
      return all.length === 3 && all.every(({ wake_at }) => wake_at !== null) ? all : null;
    });
    const [ann, bob, cy] = ["ann", "bob", "cy"].map((who) => runs.find((run) => run.distinct_id === who)?.id);
    for (const [body, id] of [
      [{ idempotency_key: "\ti-ann " }, ann],
      [{ execution_id: ` ${bob} ` }, bob],
      [{ cancellation_key: " c-cy " }, cy],
    ]) {
      expect((await cancel(pipeline, body)).json).toEqual({ execution_ids: [id] });
    }
  });

  it("is signed like every call of a server SDK", async ({ pipeline }) => {
    const run = await asleep(pipeline, "ann", "k");
    const answer = await pipeline.callSigned("POST", PATH, { execution_id: run.id });
    expect(answer.json).toEqual({ execution_ids: [run.id] });
  });
});

describe("POST /v1/workflow_run/cancel/ 400", () => {
  const LITERAL = "at least one filter is required: execution_id, recipients, idempotency_key";

  it("names an unknown filter, instead of cancelling more than intended", async ({ pipeline }) => {
    const { status, text } = await cancel(pipeline, { recipients: ["ann"], workflow: "welcome" });
    expect(status).toBe(400);
    expect(text).toContain("workflow: is not a filter; there are execution_id");
  });

  it.for<object>([
    {},
    { workflow_slug: "later" },
    { recipients: [] },
    { execution_id: "", idempotency_key: "", cancellation_key: "" },
    { execution_id: " ", idempotency_key: "  ", cancellation_key: "\t" },
    { recipients: null, idempotency_key: null },
    { unknown: "filter" },
    { constructor: "x", ["__proto__x"]: "y" },
  ])("in the wire's words for %j, which names nothing", async (body, { pipeline }) => {
    await asleep(pipeline, "ann", "k");
    const answer = await cancel(pipeline, body);
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({ code: 400, message: LITERAL });
    expect((await pipeline.runs()).map(({ status }) => status)).toEqual(["in_progress"]);
  });

  it.for<[object, string]>([
    [{ execution_id: 5 }, "execution_id"],
    [{ recipients: "ann" }, "recipients"],
    [{ recipients: [5] }, "recipients[0]"],
    [{ recipients: ["ann", " "] }, "recipients[1]"],
    [{ recipients: Array.from({ length: 101 }, (_, index) => `u${index}`) }, "recipients"],
    [{ idempotency_key: "k".repeat(256) }, "idempotency_key"],
    [{ cancellation_key: ["c"] }, "cancellation_key"],
    [{ idempotency_key: "k", workflow_slug: {} }, "workflow_slug"],
  ])("names the field of %j", async ([body, field], { pipeline }) => {
    const answer = await cancel(pipeline, body);
    expect(answer.status).toBe(400);
    expect((answer.json as { detail: object }).detail).toHaveProperty([field]);
  });

  it.for(["", "[]", "null", '"ann"', "{", '{"recipients":["a\\u0000"]}'])(
    "for the body %j",
    async (body, { pipeline }) => {
      expect((await cancel(pipeline, body)).status).toBe(400);
    },
  );
});

describe("POST /v1/workflow_run/cancel/ 401", () => {
  it("401 without a credential", async ({ pipeline }) => {
    const headers = { authorization: "Bearer wrong" };
    expect((await pipeline.call("POST", PATH, { execution_id: "x" }, headers)).status).toBe(401);
  });
});
