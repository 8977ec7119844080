import { describe, expect } from "vitest";
import { signedIn } from "../../../../test/outside/browser.ts";
import { onApi as it } from "../../../../test/fixture.ts";
import type { Management } from "../../../../test/management.ts";

interface Entry {
  id: string;
  action: string;
  entity: string;
  actor: { kind: string; name: string };
  changes: { path: string; before?: unknown; after?: unknown }[] | null;
}

const entriesOf = async (management: Management, query = "") =>
  ((await management.call("GET", `audit${query}`)).body as { results: Entry[] }).results;

describe("/v1/{workspace}/audit/", () => {
  it("200: says who changed what, and how, whatever the door", async ({ hub, management, harness }) => {
    const { slug } = hub.workspace;
    const developer = await signedIn(
      harness,
      [{ workspace: slug, role: "developer" }],
      `dev-${slug}@example.com`,
    );
    await management.call("POST", "ws_api_key", { name: "backend" });
    await hub.call("POST", "/v1/tenant/acme/", { tenant_name: "Acme" });
    await developer.call(
      "POST",
      "/v1/tenant/acme/",
      { tenant_name: "Acme Corp" },
      { "carillon-workspace": slug },
    );
    const entries = await entriesOf(management);
    expect(entries).toMatchObject([
      {
        action: "tenant.upsert",
        entity: "tenant/acme",
        actor: { kind: "member", name: `dev-${slug}@example.com` },
        changes: [{ path: "/tenant_name", before: "Acme", after: "Acme Corp" }],
        before_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
        address: "127.0.0.1",
      },
      { action: "tenant.upsert", actor: { kind: "api_key" }, before_hash: null },
      {
        action: "api_key.generated",
        entity: expect.stringMatching(/^api_key\/ws_apik_/),
        actor: { kind: "service_token" },
      },
    ]);
  });

  it("200: filtered by actor, action, entity, request and time, in pages", async ({ hub, management }) => {
    for (const name of ["one", "two", "three"]) await management.call("POST", "ws_api_key", { name });
    await hub.call("POST", "/v1/tenant/acme/", { tenant_name: "Acme" });
    expect(await entriesOf(management, "?action=tenant.upsert")).toHaveLength(1);
    expect(await entriesOf(management, "?entity=api_key")).toHaveLength(3);
    expect(await entriesOf(management, "?entity=api")).toHaveLength(0);
    expect(await entriesOf(management, "?actor=service")).toHaveLength(3);
    expect(await entriesOf(management, "?since=2100-01-01T00:00:00Z")).toHaveLength(0);
    const [first] = (await management.call("GET", "audit?limit=1")).body.results as { request_id: string }[];
    expect(await entriesOf(management, `?request_id=${first?.request_id}`)).toHaveLength(1);
    const { meta } = (await management.call("GET", "audit?limit=3")).body as {
      meta: { count: number; after: string };
    };
    expect(meta.count).toBe(4);
    expect(await entriesOf(management, `?limit=3&after=${meta.after}`)).toHaveLength(1);
    expect((await management.call("GET", "audit?colour=red")).status).toBe(400);
  });

  it("has no row of what was refused, read, rehearsed, or only sent", async ({ hub, management }) => {
    await management.call("POST", "ws_api_key", {});
    await management.call("GET", "workflow");
    await management.call("POST", "redrive", { filter: {}, dry_run: true });
    await hub.addWorkflow("welcome");
    await hub.call("POST", "/trigger/", { workflow: "welcome", recipients: ["ann"], data: {} });
    await hub.call("POST", "/v1/user/ann/", { name: "Ann" });
    expect(await entriesOf(management)).toEqual([]);
  });

  it("has no secret: neither of keys that are made, nor of the settings of vendors", async ({
    management,
    harness,
    hub,
  }) => {
    const made = (await management.call("POST", "ws_api_key", { name: "k" })).body as { api_key: string };
    await management.call("POST", "vendor/smtp-email", {
      config: {
        host: "mail.example.com",
        username: "u",
        password: "hunter22-and-more",
        from_email: "a@b.example",
      },
    });
    await management.call("POST", "ws_signing_key", {});
    const rows = await harness.services.db.query("select * from audit where workspace_id = $1", [
      hub.workspace_id,
    ]);
    expect(rows).toHaveLength(3);
    expect(JSON.stringify(rows)).not.toMatch(/hunter22|PRIVATE KEY/);
    expect(JSON.stringify(rows)).not.toContain(made.api_key);
  });

  it("says of people who are notified that they were changed, never what, and forgets whom when they are erased", async ({
    hub,
    management,
    harness,
  }) => {
    const support = await signedIn(harness, [{ workspace: hub.workspace.slug, role: "support" }]);
    const headers = { "carillon-workspace": hub.workspace.slug };
    await support.call("POST", "/v1/user/ada@example.com/", { name: "Ada Lovelace" }, headers);
    const [entry] = await entriesOf(management);
    expect(entry).toMatchObject({ action: "user.upsert", entity: "user/ada@example.com", changes: null });
    await hub.call("DELETE", "/v1/user/ada@example.com/");
    await harness.services.erasures.eraseWaiting((error) => {
      throw error;
    });
    expect(await entriesOf(management)).toMatchObject([{ id: entry?.id, entity: "user/erased" }]);
  });

  it("403: of a Viewer", async ({ hub, harness }) => {
    const viewer = await signedIn(harness, [{ workspace: hub.workspace.slug, role: "viewer" }]);
    expect(await viewer.call("GET", `/v1/${hub.workspace.slug}/audit/`)).toMatchObject({
      status: 403,
      body: { detail: { right: "audit.read", role: "viewer" } },
    });
    expect((await viewer.call("GET", "/v1/people/audit/")).status).toBe(403);
  });
});
