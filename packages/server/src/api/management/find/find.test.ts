import { describe, expect } from "vitest";
import { signedIn } from "../../../../test/outside/browser.ts";
import { onServer as it } from "../../../../test/fixture.ts";
import { until } from "../../../../test/harness.ts";
import type { Management } from "../../../../test/management.ts";

const find = (management: Management, id: string) => management.call("GET", `x/${encodeURIComponent(id)}`);

const found = async (management: Management, id: string) => {
  const { results } = (await find(management, id)).body as {
    results: { kind: string; id: string; by: string }[];
  };
  return results.map(({ kind, id: name, by }) => [kind, name, by]);
};

describe("/v1/{workspace}/x/{id}/", () => {
  it("200: finds requests, runs and messages by their ids and keys", async ({
    hub,
    management,
    pipeline,
  }) => {
    await pipeline.addTemplate("welcome", ["email"]);
    await hub.addWorkflow("welcome");
    await hub.call("POST", "/v1/user/ann/", { $email: ["Ann@Example.com"], $sms: ["+14155552671"] });
    const trigger = { workflow: "welcome", recipients: ["ann"], data: {}, $idempotency_key: "order 1/7" };
    const { message_id: request } = (await hub.call("POST", "/trigger/", trigger)).json as {
      message_id: string;
    };
    const message = await until(async () => {
      const { results } = (await hub.call("GET", "/v1/message/")).json as {
        results: { message_id: string; execution_id: string }[];
      };
      return results[0];
    });
    expect(await found(management, request)).toEqual([["request", request, "id"]]);
    expect(await found(management, "order 1/7")).toEqual([["request", request, "idempotency_key"]]);
    expect(await found(management, message.message_id)).toEqual([["message", message.message_id, "id"]]);
    expect((await find(management, message.execution_id)).body).toMatchObject({
      results: [
        { kind: "run", id: message.execution_id, name: "welcome", page: `/runs/${message.execution_id}` },
      ],
    });
    expect(await found(management, "ann")).toEqual([["user", "ann", "id"]]);
    expect(await found(management, " ann@example.COM ")).toEqual([["user", "ann", "address"]]);
    expect(await found(management, "+1 415 555 2671")).toEqual([["user", "ann", "address"]]);
  });

  it("200: lists all that go by one name, and says what is whose", async ({ hub, management, pipeline }) => {
    await pipeline.addTemplate("acme");
    await hub.addWorkflow("acme");
    await hub.call("POST", "/v1/tenant/acme/", { tenant_name: "Acme" });
    await hub.call("POST", "/v1/user/acme/", {});
    await hub.call("POST", "/v1/object/team/acme/", {});
    expect(await found(management, "acme")).toEqual([
      ["user", "acme", "id"],
      ["workflow", "acme", "slug"],
      ["template", "acme", "slug"],
      ["tenant", "acme", "id"],
    ]);
    expect(await found(management, "team/acme")).toEqual([["object", "team/acme", "id"]]);
    expect((await find(management, "team/acme")).body).toMatchObject({
      results: [{ page: "/recipients/objects/team/acme" }],
    });
  });

  it("200: masks what the role does not see", async ({ hub, harness }) => {
    await hub.call("POST", "/v1/user/bob@example.com/", { $sms: ["+14155552672"] });
    const viewer = await signedIn(harness, [{ workspace: hub.workspace.slug, role: "viewer" }]);
    const { body } = await viewer.call(
      "GET",
      `/v1/${hub.workspace.slug}/x/${encodeURIComponent("+14155552672")}/`,
    );
    expect(body).toMatchObject({ results: [{ kind: "user", id: "b•••@example.com" }] });
    expect(JSON.stringify(body)).not.toContain("bob");
  });

  it("404: what is in another workspace, or nowhere", async ({ hub, management, harness }) => {
    await hub.call("POST", "/v1/user/only-here/", {});
    const { app, serviceToken } = harness;
    const other = await app.inject({
      url: "/v1/staging/x/only-here/",
      headers: { authorization: `ServiceToken ${serviceToken}` },
    });
    expect(other.statusCode).toBe(404);
    expect(await find(management, "'; drop table member; --")).toMatchObject({
      status: 404,
      body: { message: "nothing in this workspace goes by ''; drop table member; --'" },
    });
  });

  it("400: of nothing, and of more than anything is called", async ({ management }) => {
    expect((await find(management, " ")).status).toBe(400);
    expect((await find(management, "x".repeat(513))).status).toBe(400);
    expect((await management.call("GET", "x/ann?colour=red")).status).toBe(400);
  });
});
