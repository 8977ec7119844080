import { describe, expect } from "vitest";
import { onApi as it } from "../../../test/fixture.ts";
import { until } from "../../../test/harness.ts";
import type { Management } from "../../../test/management.ts";

/* Refusals in the request log. */

interface LoggedRequest {
  api_name: string;
  name: string;
  status: string;
  payload: unknown;
  idempotency_key: string;
  errors: { error_code: string; error_description: string; severity: string; workflow_slug: string | null }[];
}

const logged = (management: Management, count: number) =>
  until(async () => {
    const { body } = await management.call("GET", "log/request?status=failure&limit=100");
    const results = (body as { results: LoggedRequest[] }).results;
    return results.length >= count ? results : null;
  });

describe("a refused request", () => {
  it("is in the log as a failure, with what was sent and why", async ({ hub, management }) => {
    const body = { workflow: "gone", recipients: ["ann"], tenant_id: "acme", $idempotency_key: "k" };
    expect((await hub.call("POST", "/trigger/", body)).status).toBe(404);
    expect(await logged(management, 1)).toMatchObject([
      {
        api_name: "workflow",
        name: "gone",
        tenant_id: "acme",
        idempotency_key: "k",
        status: "failure",
        payload: body,
        executions: [],
        errors: [
          {
            error_code: "not_found",
            error_description: "workflow 'gone' not found",
            severity: "error",
            workflow_slug: "gone",
          },
        ],
      },
    ]);
  });

  it.for<[string, string, unknown, string, string]>([
    ["a trigger without people", "/trigger/", { workflow: "w" }, "workflow", "w"],
    ["a trigger of nothing", "/trigger/", { recipients: ["a"] }, "workflow", ""],
    ["a trigger that is no map", "/trigger/", '"text"', "workflow", ""],
    ["one of many", "/trigger/", [{ workflow: 5, recipients: ["a"] }], "workflow", ""],
    ["an event of nobody", "/v2/event/", { event: "SEEN" }, "event", "SEEN"],
    ["an event in a batch", "/event/", [{ event: "ss_x", distinct_id: "u" }], "event", "ss_x"],
    ["an inline workflow", "/{key}/trigger/", { name: "n", users: [] }, "dynamic", "n"],
  ])("is logged: %s", async ([_name, path, body, api_name, name], { hub, management }) => {
    const answer = await hub.call("POST", path.replace("{key}", hub.wsKey), body);
    expect([207, 400]).toContain(answer.status);
    expect(await logged(management, 1)).toMatchObject([{ api_name, name, errors: [{ severity: "error" }] }]);
  });

  it("is found by the question why nothing came", async ({ hub, management }) => {
    await hub.addWorkflow("off", { is_enabled: false });
    await hub.call("POST", "/trigger/", { workflow: "off", recipients: ["ann"] });
    await logged(management, 1);
    const { body } = await management.call("GET", "explain?distinct_id=ann");
    expect(body).toMatchObject({
      verdict: "workflow_unavailable",
      summary: "ann: nothing began: workflow with slug 'off' is disabled.",
    });
  });

  it("cannot be redriven, and is not listed as a failure to fix", async ({ hub, management }) => {
    await hub.call("POST", "/trigger/", { workflow: "gone", recipients: ["ann"] });
    const [one] = (await logged(management, 1)) as unknown as { request_id: string }[];
    expect((await management.call("GET", "redrive")).body).toMatchObject({ requests: [] });
    const { body } = await management.call("POST", "redrive", { requests: [one?.request_id] });
    expect(body.requests.refusals).toMatchObject([
      { reason: "it was refused and never accepted: mend it and send it again" },
    ]);
  });

  it("is cut when it is long, and a flood of them is not kept", async ({ hub, management }) => {
    const long = { workflow: "gone", recipients: ["ann"], data: { text: "x".repeat(100_000) } };
    await hub.call("POST", "/trigger/", long);
    const [first] = await logged(management, 1);
    expect(first?.payload).toMatch(/^\{"workflow":"gone".{1000,}… \(1\d{5} characters\)$/);
    const many = Array.from({ length: 100 }, () => ({ workflow: "gone", recipients: ["ann"] }));
    for (let turn = 0; turn < 10; turn++) await hub.call("POST", "/trigger/", many);
    const results = await logged(management, 50);
    expect(results.length).toBeLessThanOrEqual(100);
  });

  it("is an edit of which a part was left out, beside what was applied", async ({ hub, management }) => {
    const edit = { distinct_id: "ann", $insert_id: "i", $append: { $email: "no address" }, $set: { a: 1 } };
    expect((await hub.call("POST", "/event/", edit)).status).toBe(202);
    const results = await until(async () => {
      const { body } = await management.call("GET", "log/request?status=partial_failure");
      return body.results.length > 0 ? (body.results as LoggedRequest[]) : null;
    });
    expect(results).toMatchObject([
      {
        api_name: "user_edit",
        name: "ann",
        idempotency_key: "i",
        payload: edit,
        errors: [{ error_code: "invalid_profile_value", severity: "warning" }],
      },
    ]);
  });

  it("leaves its key to the valid one", async ({ hub, management }) => {
    await hub.addWorkflow("w");
    const body = { workflow: "w", recipients: [], $idempotency_key: "k" };
    expect((await hub.call("POST", "/trigger/", body)).status).toBe(400);
    await logged(management, 1);
    const mended = { ...body, recipients: ["ann"] };
    expect((await hub.call("POST", "/trigger/", mended)).status).toBe(202);
    expect(await hub.requests()).toMatchObject([{ status: "accepted", idempotency_key: "k" }]);
  });
});
