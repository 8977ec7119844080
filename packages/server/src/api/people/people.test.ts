import { describe, expect } from "vitest";
import { createBrowser, signedIn } from "../../../test/outside/browser.ts";
import { onOwnApi as it } from "../../../test/fixture.ts";
import type { Harness } from "../../../test/harness.ts";

const EVERYWHERE = [{ workspace: null, role: "admin" }];
const PASSWORD = "a long enough password";

const asService = ({ app, serviceToken }: Harness) => ({
  call: async (method: "GET" | "POST" | "PUT" | "DELETE", url: string, body?: unknown) => {
    const answer = await app.inject({
      method,
      url,
      headers: { authorization: `ServiceToken ${serviceToken}` },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    });
    return { status: answer.statusCode, body: answer.body === "" ? null : answer.json<unknown>() };
  },
});

describe("/v1/people/invitation/", () => {
  it("201: a link that is good once, for a day", async ({ harness }) => {
    const admin = await signedIn(harness, EVERYWHERE, "admin@example.com");
    const invited = await admin.call("POST", "/v1/people/invitation/", {
      email: "New@Example.com",
      name: "New",
      roles: [{ workspace: "staging", role: "editor" }],
    });
    expect(invited).toMatchObject({
      status: 201,
      body: {
        email: "new@example.com",
        invited_by: "admin@example.com",
        is_expired: false,
        roles: [{ workspace: "staging", role: "editor" }],
      },
    });
    const token = (invited.body.path as string).replace("/invitation#token=", "");
    const visitor = createBrowser(harness);
    expect((await visitor.call("POST", "/v1/auth/invitation/open/", { token })).body).toMatchObject({
      email: "new@example.com",
      name: "New",
    });
    expect(
      (await visitor.call("POST", "/v1/auth/invitation/", { token, password: PASSWORD })).body,
    ).toMatchObject({
      member: { email: "new@example.com", name: "New", has_password: true },
    });
    expect((await createBrowser(harness).call("POST", "/v1/auth/invitation/", { token })).status).toBe(401);
    expect((await visitor.call("GET", "/v1/workspace/")).body).toMatchObject({ meta: { count: 1 } });
    expect(
      await admin.call("POST", "/v1/people/invitation/", {
        email: "new@example.com",
        name: "N",
        roles: EVERYWHERE,
      }),
    ).toMatchObject({
      status: 409,
      body: { message: "'new@example.com' is already a part of your organization" },
    });
  });

  it("401: after a day, after it was cancelled, and the old link after it was sent again", async ({
    harness,
  }) => {
    const service = asService(harness);
    const make = async (email: string) =>
      (await service.call("POST", "/v1/people/invitation/", { email, name: "x", roles: EVERYWHERE }))
        .body as { id: string; path: string };
    const open = async ({ path }: { path: string }) =>
      (
        await createBrowser(harness).call("POST", "/v1/auth/invitation/open/", {
          token: path.replace("/invitation#token=", ""),
        })
      ).status;
    const late = await make("late@example.com");
    expect(await open(late)).toBe(200);
    await harness.services.db.query("update invitation set expires_at = now() where id = $1", [late.id]);
    expect(await open(late)).toBe(401);
    const renewed = (await service.call("POST", `/v1/people/invitation/${late.id}/resend/`)).body as {
      path: string;
    };
    expect([await open(late), await open(renewed)]).toEqual([401, 200]);
    expect((await service.call("DELETE", `/v1/people/invitation/${late.id}/`)).status).toBe(204);
    expect(await open(renewed)).toBe(401);
    expect((await service.call("DELETE", `/v1/people/invitation/${late.id}/`)).status).toBe(404);
    expect(JSON.stringify((await service.call("GET", "/v1/people/invitation/")).body)).not.toContain("late@");
  });

  it("403: an Admin of one workspace gives no role in another, or in all", async ({ harness }) => {
    const { services, workspace } = harness;
    await services.db.tx((tx) =>
      services.makeWorkspace(tx, { slug: "other", name: "Other", mode: "sandbox" }),
    );
    const admin = await signedIn(harness, [{ workspace: workspace.slug, role: "admin" }]);
    const give = (roles: unknown) =>
      admin.call("POST", "/v1/people/invitation/", { email: "x@example.com", name: "x", roles });
    for (const workspaceSlug of ["other", null]) {
      expect(
        (
          await give([
            { workspace: workspace.slug, role: "viewer" },
            { workspace: workspaceSlug, role: "viewer" },
          ])
        ).status,
      ).toBe(403);
      const self = { workspace: workspaceSlug, role: "admin" };
      expect((await admin.call("PUT", `/v1/people/member/${admin.member_id}/role/`, self)).status).toBe(403);
    }
    expect((await give([{ workspace: workspace.slug, role: "viewer" }])).status).toBe(201);
    expect((await admin.call("GET", "/v1/other/workflow/")).status).toBe(404);
    expect((await admin.call("GET", "/v1/user/", undefined, { "carillon-workspace": "other" })).status).toBe(
      404,
    );
  });

  it.for([
    [{ email: "no address", name: "x", roles: EVERYWHERE }, "email"],
    [{ email: "a@b.c", name: " ", roles: EVERYWHERE }, "name"],
    [{ email: "a@b.c", name: "x", roles: [] }, "roles"],
    [{ email: "a@b.c", name: "x", roles: [{ workspace: null, role: "king" }] }, "role"],
    [{ email: "a@b.c", name: "x", roles: [{ workspace: "nowhere", role: "viewer" }] }, "nowhere"],
  ] as const)("400: %j", async ([body, named], { harness }) => {
    const answer = await asService(harness).call("POST", "/v1/people/invitation/", body);
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body)).toContain(named);
  });
});

describe("/v1/people/member/", () => {
  it("200: a role that is taken away is gone with the next request", async ({ harness }) => {
    const admin = await signedIn(harness, EVERYWHERE);
    const editor = await signedIn(harness, [{ workspace: "staging", role: "editor" }]);
    const save = async () =>
      (await editor.call("POST", "/v1/staging/workflow/w/", { name: "W", nodes: [] })).status;
    expect(await save()).not.toBe(403);
    const role = `/v1/people/member/${editor.member_id}/role/`;
    await admin.call("PUT", role, { workspace: "staging", role: "viewer" });
    expect(await save()).toBe(403);
    await admin.call("PUT", role, { workspace: "staging", role: null });
    expect(await save()).toBe(404);
    expect((await editor.call("GET", "/v1/workspace/")).body).toMatchObject({ results: [] });
  });

  it("204: who is deactivated is out at once, and comes back by an invitation, with the same id", async ({
    harness,
  }) => {
    const admin = await signedIn(harness, EVERYWHERE);
    const leaver = await signedIn(harness, EVERYWHERE, "leaver@example.com");
    await leaver.call("PATCH", "/v1/people/me/", { password: PASSWORD });
    expect((await admin.call("DELETE", `/v1/people/member/${leaver.member_id}/`)).status).toBe(204);
    expect((await leaver.call("GET", "/v1/workspace/")).status).toBe(401);
    const given = { email: "leaver@example.com", password: PASSWORD };
    expect((await leaver.call("POST", "/v1/auth/password/", given)).status).toBe(401);
    const again = await signedIn(harness, EVERYWHERE, "leaver@example.com");
    expect(again.member_id).toBe(leaver.member_id);
  });

  it("409: there is always an Admin of everything, also when two take each other's role", async ({
    harness,
  }) => {
    const service = asService(harness);
    const { results } = (await service.call("GET", "/v1/people/member/?limit=1000")).body as {
      results: { id: string; state: string; roles: { workspace: string | null; role: string }[] }[];
    };
    const admins = results.filter(
      ({ state, roles }) =>
        state === "active" && roles.some(({ workspace, role }) => workspace === null && role === "admin"),
    );
    const [one, other] = [await signedIn(harness, EVERYWHERE), await signedIn(harness, EVERYWHERE)];
    for (const { id } of admins) {
      const answer = await service.call("DELETE", `/v1/people/member/${id}/`);
      expect(answer.status).toBe(204);
    }
    const demote = (id: string) =>
      service.call("PUT", `/v1/people/member/${id}/role/`, { workspace: null, role: "viewer" });
    const statuses = (await Promise.all([demote(one.member_id), demote(other.member_id)])).map(
      ({ status }) => status,
    );
    expect(statuses.toSorted((one, other) => one - other)).toEqual([200, 409]);
  });
});

describe("/v1/people/me/", () => {
  it("403: a new password or address needs the one that there is; a new password ends all other sessions", async ({
    harness,
  }) => {
    const one = await signedIn(harness, EVERYWHERE, "me@example.com");
    expect((await one.call("PATCH", "/v1/people/me/", { password: PASSWORD })).status).toBe(200);
    const two = createBrowser(harness);
    await two.call("POST", "/v1/auth/password/", { email: "me@example.com", password: PASSWORD });
    for (const change of [{ password: "another long password" }, { email: "other@example.com" }]) {
      expect((await one.call("PATCH", "/v1/people/me/", change)).status).toBe(403);
      expect(
        (await one.call("PATCH", "/v1/people/me/", { ...change, current_password: "wrong" })).status,
      ).toBe(403);
    }
    const change = { password: "another long password", current_password: PASSWORD };
    expect((await one.call("PATCH", "/v1/people/me/", change)).status).toBe(200);
    expect((await one.call("GET", "/v1/workspace/")).status).toBe(200);
    expect((await two.call("GET", "/v1/workspace/")).status).toBe(401);
  });

  it("403: a service token is nobody", async ({ harness }) => {
    expect(await asService(harness).call("GET", "/v1/people/me/session/")).toMatchObject({
      status: 403,
      body: { message: "a service token is nobody: this is for who is signed in" },
    });
  });

  it("401: of strangers", async ({ harness }) => {
    expect((await createBrowser(harness).call("GET", "/v1/people/role/")).status).toBe(401);
  });
});
