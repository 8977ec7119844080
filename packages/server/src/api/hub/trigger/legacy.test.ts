import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import { createHub, type Hub } from "../../../../test/hub.ts";

const TRIGGER = {
  name: "Order Shipped",
  template: "order-shipped",
  notification_category: "system",
  users: [{ distinct_id: "u1", $email: ["a@x.com"] }],
};
const ACCEPTED = { status: 202, type: "text/plain; charset=utf-8", text: "OK" };
const refusal = (message: string) => ({ status: 400, json: { status: "fail", message } });
const post = (hub: Hub, body: unknown) => hub.call("POST", `/${hub.wsKey}/trigger/`, body);

describe("POST /{workspace_key}/trigger/ 202", () => {
  it("keeps the request under the slug of its name, in the lane of its category", async ({ hub }) => {
    expect(await post(hub, { ...TRIGGER, $idempotency_key: "k", brand_id: "acme" })).toMatchObject(ACCEPTED);
    expect(await hub.requests()).toMatchObject([
      {
        lane: 0,
        api_type: "dynamic",
        name: "order-shipped",
        tenant_id: "acme",
        idempotency_key: "k",
        body: { ...TRIGGER, $idempotency_key: "k", brand_id: "acme" },
        status: "accepted",
      },
    ]);
  });

  it("takes the signature of the SDKs, and the workspace's uid in the path", async ({ hub }) => {
    expect(await hub.callSigned("POST", `/${hub.wsKey}/trigger/`, TRIGGER)).toMatchObject(ACCEPTED);
    expect(await hub.call("POST", `/${hub.workspace.uid}/trigger`, TRIGGER)).toMatchObject(ACCEPTED);
  });

  it("takes an array", async ({ hub }) => {
    expect(await post(hub, [TRIGGER, { ...TRIGGER, name: "Order Paid" }])).toMatchObject(ACCEPTED);
    expect((await hub.requests()).map(({ name }) => name).sort()).toEqual(["order-paid", "order-shipped"]);
  });
});

describe("POST /{workspace_key}/trigger/ 400", () => {
  it.for([
    ["an empty array", [], "Request body must not be empty"],
    ["a number", 1, "Request body must only contain a single JSON object"],
    ["no name", { ...TRIGGER, name: "" }, '{"name":"is a required field"}'],
    ["no users", { ...TRIGGER, users: [] }, '{"users":"must contain at least 1 item"}'],
    ["an unknown category", { ...TRIGGER, notification_category: "news" }, "category 'news' not found"],
    [
      "a delay that is none",
      { ...TRIGGER, delay: "soon" },
      "delay: invalid duration-format soon. valid format [xx]d[xx]h[xx]m[xx]s",
    ],
    [
      "the null character",
      { ...TRIGGER, data: { a: "\u0000" } },
      "data.a: must not contain the null character",
    ],
  ] as const)("for %s", async ([_title, body, message], { hub }) => {
    expect(await post(hub, body)).toMatchObject(refusal(message));
  });

  it("for an array without a valid record, with the first reason", async ({ hub }) => {
    expect(await post(hub, [{ ...TRIGGER, template: "" }, 1])).toMatchObject(
      refusal('[0]: {"template":"is a required field"}'),
    );
    expect(await hub.requests()).toEqual([]);
  });

  it("for a dry run, which it does not support", async ({ hub }) => {
    const answer = await hub.call("POST", `/${hub.wsKey}/trigger/?dry_run=true`, TRIGGER);
    expect(answer).toMatchObject(refusal('{"dry_run":"only POST /trigger/ can be rehearsed"}'));
    expect(await hub.requests()).toEqual([]);
  });
});

describe("POST /{workspace_key}/trigger/ 202", () => {
  it("accepts the valid records of an array, and names the others after the OK", async ({ hub }) => {
    expect(await post(hub, [TRIGGER, { ...TRIGGER, template: "" }])).toMatchObject({
      status: 202,
      text: 'OK\n[1]: {"template":"is a required field"}',
    });
    expect(await hub.requests()).toHaveLength(1);
  });
});

describe("POST /{workspace_key}/trigger/ 401", () => {
  it("for the key of another workspace in the path", async ({ hub, harness }) => {
    const other = await createHub(harness);
    expect(await hub.call("POST", `/${other.wsKey}/trigger/`, TRIGGER)).toMatchObject({
      status: 401,
      json: { status: "fail", message: "Not Authenticated - could not find Workspace details" },
    });
  });
});
