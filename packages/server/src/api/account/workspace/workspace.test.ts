import { describe, expect } from "vitest";
import { onOwnApi as it } from "../../../../test/fixture.ts";
import type { Server } from "../../../../test/harness.ts";

async function call({ app, serviceToken }: Server, method: "GET" | "POST", query: string, payload?: unknown) {
  const answer = await app.inject({
    method,
    url: `/v1/workspace${query}`,
    headers: { authorization: `ServiceToken ${serviceToken}` },
    ...(payload === undefined ? {} : { payload: JSON.stringify(payload) }),
  });
  return { status: answer.statusCode, body: answer.json<unknown>() };
}

interface List {
  meta: object;
  results: { slug: string; name: string; mode: string }[];
}

describe("/v1/workspace/", () => {
  it("200: makes a sandbox whose slug comes from its name, with all that a workspace has", async ({
    harness,
  }) => {
    const body = { name: " Müller & Söhne 2 ", description: "To try things" };
    const { status, body: made } = await call(harness, "POST", "/", body);
    expect(status).toBe(200);
    const { results } = made as List;
    expect(results[0]).toMatchObject({ slug: "staging", mode: "sandbox" });
    expect(results.at(-1)).toEqual({
      uid: expect.stringMatching(/^wksp_/),
      slug: "muller-sohne-2",
      data_center: {},
      is_expired: false,
      has_limit_reached: false,
      name: "Müller & Söhne 2",
      description: "To try things",
      mode: "sandbox",
    });
    const { workspaces, db } = harness.services;
    const workspace = await workspaces.findBySlug("muller-sohne-2");
    if (workspace === null) throw new Error("there is no workspace");
    expect(await workspaces.listKeys(workspace)).toMatchObject([{ is_active: true }]);
    const count = async (table: string) =>
      (await db.query(`select from ${table} where workspace_id = $1`, [workspace.workspace_id])).length;
    expect(await count("tenant")).toBe(1);
    expect(await count("vendor_route")).toBeGreaterThan(0);
    expect(
      await db.query("select name, is_default from public_key where workspace_id = $1", [
        workspace.workspace_id,
      ]),
    ).toEqual([{ name: "default", is_default: true }]);
    const { api_key } = await workspaces.createApiKey(workspace, "first");
    const lists = await harness.app.inject({
      url: "/v1/subscriber_list/",
      headers: { authorization: `Bearer ${api_key}` },
    });
    expect(lists.json()).toMatchObject({ meta: { count: 1 }, results: [{ list_id: "all_users" }] });
  });

  it("200: lists them by limit and offset", async ({ harness }) => {
    for (const name of ["one", "two"]) await call(harness, "POST", "/", { name });
    const all = (await call(harness, "GET", "")).body as List;
    expect(all.meta).toMatchObject({ limit: 10, offset: 0 });
    const slugs = all.results.map(({ slug }) => slug);
    const page = (await call(harness, "GET", "/?limit=2&offset=1")).body as List;
    expect(page.results.map(({ slug }) => slug)).toEqual(slugs.slice(1, 3));
  });

  it.for([
    [{}, { name: ["This field is required."] }],
    [{ name: " " }, { name: ["This field may not be blank."] }],
    [{ name: "Staging" }, { name: ['there is a workspace "staging" already'] }],
    [{ name: "User" }, { name: ['"user" is reserved and cannot name a workspace'] }],
    [
      { name: "日本" },
      {
        name: [
          '"" cannot name a workspace: take up to 63 of a-z, 0-9, "-" and "_", a letter or a digit first',
        ],
      },
    ],
    [{ name: "a", description: 7 }, { description: ["Not a valid string."] }],
  ] as const)("400: %j", async ([body, detail], { harness }) => {
    expect(await call(harness, "POST", "/", body)).toEqual({
      status: 400,
      body: {
        code: 400,
        error_code: "error",
        type: "ValidationError",
        message: JSON.stringify(detail),
        detail,
      },
    });
  });

  it("401: without a service token, and with an API key", async ({ harness }) => {
    for (const authorization of ["", `Bearer ${harness.apiKey}`, `ServiceToken ${harness.apiKey}`]) {
      const answer = await harness.app.inject({ url: "/v1/workspace/", headers: { authorization } });
      expect(answer.statusCode).toBe(401);
      expect(answer.json()).toMatchObject({
        error_code: "authentication_failed",
        message: "Invalid service token.",
      });
    }
  });
});
