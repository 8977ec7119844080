import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createHarness, type Harness, until } from "../../../../test/harness.ts";
import { createHub, type Hub } from "../../../../test/hub.ts";

let harness: Harness;
let hub: Hub;

beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.close());
beforeEach(async () => {
  hub = await createHub(harness);
  await hub.addWorkflow("welcome");
});

interface Reply {
  status: number;
  json: { meta: { count: number }; results: Record<string, unknown>[] } & Record<string, unknown>;
}

async function manage(path: string, token = harness.serviceToken): Promise<Reply> {
  const url = `/v1/${hub.workspace.slug}${path}`;
  const answer = await harness.app.inject({
    method: "GET",
    url,
    headers: { authorization: `ServiceToken ${token}` },
  });
  return { status: answer.statusCode, json: JSON.parse(answer.body) as Reply["json"] };
}

async function trigger(recipient: unknown = "ada"): Promise<string> {
  const answer = await hub.call("POST", "/trigger/", {
    workflow: "welcome",
    recipients: [recipient],
    data: { a: 1 },
  });
  return (answer.json as { message_id: string }).message_id;
}

const executionOf = (request_id: string) =>
  until(async () => (await manage(`/log/execution/?request_id=${request_id}`)).json.results[0]);

describe("GET /v1/{workspace}/log/request/ 200", () => {
  it("shows a request with its payload and the executions it became", async () => {
    const request_id = await trigger();
    await executionOf(request_id);
    const { json } = await manage(`/log/request/?request_id=${request_id}`);
    expect(json.results).toMatchObject([
      {
        request_id,
        api_name: "workflow",
        name: "welcome",
        status: "completed",
        errors: [],
        executions: [{ distinct_id: "ada", workflow_slug: "welcome" }],
        payload: { workflow: "welcome", data: { a: 1 } },
      },
    ]);
  });

  it("says why a request became nothing", async () => {
    const request_id = await trigger({ distinct_id: "nobody", $skip_create: true });
    const request = await until(async () => {
      const [found] = (await manage(`/log/request/?request_id=${request_id}`)).json.results;
      return found?.status === "failure" ? found : null;
    });
    expect(request.errors).toMatchObject([
      {
        error_code: "user_not_found",
        error_description: "user [distinct_id: 'nobody'] not found",
        severity: "error",
      },
    ]);
  });

  it("filters by what it is asked for", async () => {
    await trigger();
    for (const [query, count] of [
      ["name=welcome", 1],
      ["name=other", 0],
      ["api_name=event", 0],
      ["status=failure", 0],
      ["idempotency_key=none", 0],
    ] as const) {
      expect((await manage(`/log/request/?${query}`)).json.meta.count, query).toBe(count);
    }
  });
});

describe("GET /v1/{workspace}/log/execution/ 200", () => {
  it("shows each gate with the values it saw, and the messages", async () => {
    const request_id = await trigger();
    const { execution_id } = await executionOf(request_id);
    const { json } = await manage(`/log/execution/${String(execution_id)}/`);
    expect(json).toMatchObject({ execution_id, request_id, workflow_slug: "welcome", recipient: "ada" });
    expect(json.steps).toMatchObject([{ execution_stage: "run_started", status: "info" }, {}]);
  });

  it("pages newest first", async () => {
    const first = await trigger("one");
    await executionOf(first);
    await executionOf(await trigger("two"));
    const page = await manage("/log/execution/?limit=1");
    expect(page.json.results).toMatchObject([{ recipient: "two" }]);
    const next = await manage(
      `/log/execution/?limit=1&after=${String((page.json.meta as { after?: string }).after)}`,
    );
    expect(next.json.results).toMatchObject([{ recipient: "one" }]);
  });
});

describe("management logs refuse", () => {
  it("400 a cursor or id that is none", async () => {
    expect(await manage("/log/request/?after=x")).toMatchObject({
      status: 400,
      json: { type: "ValidationError" },
    });
    expect(await manage("/log/execution/?request_id=x")).toMatchObject({ status: 400 });
    expect(await manage("/simulator/?channel=pigeon")).toMatchObject({ status: 400 });
  });

  it("401 without a service token, 404 for what is not there", async () => {
    expect(await manage("/log/request/", "wrong")).toMatchObject({
      status: 401,
      json: { error_code: "authentication_failed", message: "Invalid service token." },
    });
    expect(await manage("/log/execution/01NOPE/")).toMatchObject({
      status: 404,
      json: { message: "execution '01NOPE' not found" },
    });
  });
});
