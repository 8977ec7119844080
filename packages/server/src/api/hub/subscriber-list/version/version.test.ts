import { describe, expect } from "vitest";
import { onApi as it } from "../../../../../test/fixture.ts";
import type { Hub } from "../../../../../test/hub.ts";

const BETA = "/v1/subscriber_list/beta/";

const notFound = (message: string) => ({
  status: 404,
  json: { code: 404, error_code: "not_found", type: "NotFound", message, detail: message },
});

const move = async (hub: Hub, path: string, way: "add" | "remove", distinct_ids: string[]) =>
  (await hub.call("POST", `${path}subscriber/${way}/`, { distinct_ids })).json;

/** The list `beta` of some of the users a to e, and the path of a draft of it. */
async function begin(hub: Hub, members: string[], settings: object = {}): Promise<string> {
  for (const name of ["a", "b", "c", "d", "e"]) await hub.call("POST", `/v1/user/${name}/`, {});
  await hub.call("POST", "/v1/subscriber_list/", { list_id: "beta", ...settings });
  await move(hub, BETA, "add", members);
  return draft(hub);
}

async function draft(hub: Hub): Promise<string> {
  const answer = await hub.call("POST", `${BETA}start_sync/`, {});
  expect(answer.status).toBe(201);
  return `${BETA}version/${(answer.json as { version_id: string }).version_id}/`;
}

async function members(hub: Hub): Promise<string[]> {
  const page = (await hub.call("GET", `${BETA}subscriber/`)).json as { results: { distinct_id: string }[] };
  return page.results.map(({ distinct_id }) => distinct_id).toSorted((one, other) => (one < other ? -1 : 1));
}

const events = async (hub: Hub) =>
  new Set(
    (await hub.requests()).map(
      ({ name, body }) => `${name} ${(body as { distinct_id: string }).distinct_id}`,
    ),
  );

describe("a draft of a list", () => {
  it("201: begins empty, beside the list as it was", async ({ hub }) => {
    const path = await begin(hub, ["a", "b"]);
    const version_id = path.split("/").at(-2);
    expect(version_id).toMatch(/^[0-9A-Z]{26}$/);
    expect((await hub.call("GET", path)).json).toMatchObject({
      list_id: "beta",
      status: "draft",
      subscribers_count: 0,
      version_id,
      drafts: null,
    });
    const second = await draft(hub);
    await move(hub, second, "add", ["a"]);
    expect((await hub.call("GET", BETA)).json).toMatchObject({
      status: "active",
      subscribers_count: 2,
      version_id: null,
      drafts: [
        { version_id, subscribers_count: 0, created_at: expect.any(String), updated_at: expect.any(String) },
        { subscribers_count: 1 },
      ],
    });
  });

  it("201: is filled without events, and the list does not change", async ({ hub }) => {
    const path = await begin(hub, ["a"], { track_user_entry: true });
    const before = await events(hub);
    expect(await move(hub, path, "add", ["a", "b", "nobody"])).toEqual({ success: true, affected_count: 2 });
    expect(await move(hub, path, "add", ["b", "c"])).toEqual({ success: true, affected_count: 1 });
    expect(await move(hub, path, "remove", ["a", "e"])).toEqual({ success: true, affected_count: 1 });
    expect((await hub.call("GET", path)).json).toMatchObject({ subscribers_count: 2 });
    expect(await members(hub)).toEqual(["a"]);
    expect(await events(hub)).toEqual(before);
  });

  it("201: takes the list's place at once, and the difference enters or leaves", async ({ hub }) => {
    const path = await begin(hub, ["a", "b", "c"], { track_user_entry: true, track_user_exit: true });
    const before = (await events(hub)).size;
    await move(hub, path, "add", ["c", "d", "e"]);
    const answer = await hub.call("PATCH", `${path}finish_sync/`, {});
    expect(answer).toMatchObject({
      status: 201,
      json: { list_id: "beta", status: "active", subscribers_count: 3, version_id: null, drafts: null },
    });
    expect(await members(hub)).toEqual(["c", "d", "e"]);
    const caused = await events(hub);
    expect(caused.size - before).toBe(4);
    for (const moved of [
      "ENTERED_LIST - beta d",
      "ENTERED_LIST - beta e",
      "EXITED_LIST - beta a",
      "EXITED_LIST - beta b",
    ]) {
      expect(caused).toContain(`$USER_${moved}`);
    }
    expect(await hub.call("PATCH", `${path}finish_sync/`, {})).toMatchObject({ status: 404 });
    expect(await move(hub, BETA, "add", ["a"])).toMatchObject({ affected_count: 1 });
    expect((await hub.call("GET", BETA)).json).toMatchObject({ subscribers_count: 4 });
  });

  it.for([
    ["PATCH", "delete/", {}],
    ["DELETE", "", undefined],
  ] as const)("200: is given up by %s %s", async ([method, end, body], { hub }) => {
    const path = await begin(hub, ["a"]);
    await move(hub, path, "add", ["b"]);
    expect(await hub.callSigned(method, `${path}${end}`, body)).toMatchObject({
      status: 200,
      json: { success: true },
    });
    expect(await members(hub)).toEqual(["a"]);
    expect((await hub.call("GET", BETA)).json).toMatchObject({ drafts: null });
    expect((await hub.callSigned(method, `${path}${end}`, body)).status).toBe(404);
  });

  it("404: an unknown version, another list's version, and a missing list", async ({ hub }) => {
    const path = await begin(hub, []);
    const version_id = path.split("/").at(-2) ?? "";
    await hub.call("POST", "/v1/subscriber_list/", { list_id: "other" });
    const calls = [
      ["GET", ""],
      ["POST", "subscriber/add/"],
      ["POST", "subscriber/remove/"],
      ["PATCH", "finish_sync/"],
      ["PATCH", "delete/"],
      ["DELETE", ""],
    ] as const;
    for (const [method, end] of calls) {
      const call = (version: string) =>
        hub.call(
          method,
          `/v1/subscriber_list/${version}/${end}`,
          method === "POST" ? { distinct_ids: ["a"] } : undefined,
        );
      expect(await call("beta/version/nope")).toMatchObject(
        notFound("version_id nope not found for list_id beta"),
      );
      expect(await call(`other/version/${version_id}`)).toMatchObject(
        notFound(`version_id ${version_id} not found for list_id other`),
      );
      expect(await call(`none/version/${version_id}`)).toMatchObject(notFound("list_id: none not found"));
    }
    expect(await hub.call("POST", "/v1/subscriber_list/none/start_sync/", {})).toMatchObject(
      notFound("list_id: none not found"),
    );
  });

  it("loses nobody who enters the list while a draft takes its place", async ({ hub }) => {
    const path = await begin(hub, ["a"]);
    await move(hub, path, "add", ["b"]);
    const [finished, ...added] = await Promise.all([
      hub.call("PATCH", `${path}finish_sync/`, {}),
      ...["c", "d", "e"].map((name) => hub.call("POST", `${BETA}subscriber/add/`, { distinct_ids: [name] })),
    ]);
    expect([finished, ...added].map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    const present = await members(hub);
    expect(present).toContain("b");
    expect(present).not.toContain("a");
    expect((await hub.call("GET", BETA)).json).toMatchObject({ subscribers_count: present.length });
    // Those who entered before the draft took over have left with the others; nobody is in a version in between.
    const rows = await hub.services.db.query<{ state: string; counted: number }>(
      `select v.state, count(m.*)::int as counted from list_version v
         left join list_member m using (workspace_id, version_id)
        where v.workspace_id = $1 group by 1`,
      [hub.workspace_id],
    );
    const counted = Object.fromEntries(rows.map(({ state, counted }) => [state, counted]));
    expect((counted.live ?? 0) + (counted.retired ?? 0)).toBe(5);
  });
});
