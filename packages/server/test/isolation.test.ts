import { describe, expect } from "vitest";
import { routes } from "../src/api/index.gen.ts";
import { inboxSubscriberId } from "../src/workspaces/workspaces.ts";
import { type Client, createClient } from "./client/client.ts";
import { onServer as it } from "./fixture.ts";
import { type Caller, findTargets, soundRequest, type Target } from "./hostile/requests.ts";
import type { Server } from "./harness.ts";
import { createHub, type Hub } from "./hub.ts";
import { createManagement } from "./management.ts";

/**
 * What is in one workspace neither shows nor matters in another: every route of the table is called twice in a workspace
 * that has nothing, before and after another workspace has something under each name that is called. A route that is
 * added is included without a line here.
 */
const data = routes.filter(({ surface }) => surface.name === "hub");
const client = routes.filter(({ surface }) => surface.name === "client");
const management = routes.filter(
  ({ surface, route }) => surface.name === "management" && route.path.includes("/:workspace/"),
);

/** Unique in each workspace and so in each answer: times, ids and signatures that are new each time. */
const FRESH = [
  /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(?:Z|\+00:00)/g,
  /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g,
  /\b[0-9A-HJKMNP-TV-Z]{26}\b/g,
  /[A-Za-z0-9_-]{43}/g,
];

const withoutFresh = (text: string) => FRESH.reduce((left, fresh) => left.replaceAll(fresh, "*"), text);

/** A workspace, and an app of it that the victim uses. */
interface Asker {
  hub: Hub;
  app: Client;
}

async function createAsker(server: Server): Promise<Asker> {
  const hub = await createHub(server);
  return { hub, app: await createClient(server, hub.workspace) };
}

/** Every answer of a workspace to the valid requests for some routes. */
async function askAll({ hub, app }: Asker, table: typeof routes, only: (target: Target) => boolean) {
  const caller: Caller = {
    workspace: hub.workspace.slug,
    quiet_workspace: hub.workspace.slug,
    wsKey: hub.wsKey,
    apiKey: "",
    serviceToken: hub.serviceToken,
    publicKey: app.publicKey,
    userToken: await app.sign("victim"),
  };
  const answers: Record<string, string> = {};
  for (const target of findTargets(table, caller).filter(only)) {
    const { method, url, headers, payload } = soundRequest(target, caller);
    const body = payload?.toString();
    // The data API is called with the hub's own key.
    const answer = await hub.call(method as "GET", url, body, table === data ? {} : headers);
    answers[target.name] =
      `${answer.status} ${withoutFresh(answer.text).replaceAll(hub.workspace.slug, "*")}`;
  }
  return answers;
}

/** Something of everything, under the name that valid requests use. */
async function furnish(hub: Hub, server: Server): Promise<void> {
  const management = createManagement(server, hub.workspace);
  await hub.addWorkflow("victim");
  await management.addTemplate("victim");
  const paths = [
    "/v1/user/victim/",
    "/v1/tenant/victim/",
    "/v1/user/victim/tenant/victim/",
    "/v1/object/victim/victim/",
  ];
  for (const path of paths) await hub.call("POST", path, { tenant_name: "Secret", name: "Secret" });
  const news = { category: "victim", name: "Secret", default_preference: "opt_in" };
  await management.call("POST", "preference_category?commit=true&commit_message=x", {
    root_categories: [{ root_category: "promotional", sections: [{ name: "Secret", categories: [news] }] }],
  });
  await management.call("POST", "preference_category/translation/content/es", {
    categories: { victim: { name: "Secret" } },
  });
  for (const path of ["/v1/user/victim/", "/v1/object/victim/victim/", "/v1/tenant/victim/"]) {
    await hub.call("PATCH", `${path}preference/category/victim/`, { preference: "opt_out" });
  }
  await hub.call("POST", "/v1/subscriber_list/", { list_id: "victim" });
  await hub.call("POST", "/v1/subscriber_list/victim/subscriber/add/", { distinct_ids: ["victim"] });
  await hub.call("POST", "/v1/object/victim/victim/subscription/", {
    recipients: ["victim", { object_type: "victim", id: "child" }],
  });
}

const writes = ({ method }: Target) => method !== "GET";
/** Those of the product itself have neither workspace nor authorization. */
const reads = ({ method, credentials }: Target) =>
  method === "GET" && credentials.authorization !== undefined;

describe.each([
  ["data", data],
  ["management", management],
  ["client", client],
])("every route of the %s API", (_name, table) => {
  it("says the same of nothing whether or not another workspace has it", async ({ harness }) => {
    const asker = await createAsker(harness);
    const before = await askAll(asker, table, reads);
    const other = await createAsker(harness);
    await furnish(other.hub, harness);
    expect(await askAll(asker, table, reads)).toEqual(before);
    // The names are those of something, so that what was compared could have differed.
    const there = await askAll(other, table, reads);
    const differing = Object.keys(before).filter((name) => before[name] !== there[name]);
    expect(differing.length).toBeGreaterThan(4);
  });
});

describe("every route of the data and the client API", () => {
  it("changes nothing in another workspace that has the same names", async ({ harness }) => {
    const [asker, other] = [await createAsker(harness), await createAsker(harness)];
    await furnish(other.hub, harness);
    const before = await askAll(other, data, reads);
    await askAll(asker, data, writes);
    await askAll(asker, client, writes);
    expect(await askAll(other, data, reads)).toEqual(before);
  });

  it("accepts no key of another workspace in its path", async ({ hub, harness }) => {
    const other = await createHub(harness);
    const keyed = data.flatMap(({ route }) => (route.path.includes(":workspace_key") ? [route] : []));
    expect(keyed.length).toBeGreaterThan(0);
    for (const { method, path } of keyed) {
      const answer = await hub.call(method as "POST", path.replace(":workspace_key", other.wsKey), {});
      expect(answer.status).toBe(401);
    }
  });
});

describe("every route that browsers and apps call", () => {
  /** What it answers is the workspace's, and every app shows it. */
  const IMPERSONAL = new Set(["/v1/client/vapid_key/"]);
  const personal = client.filter(({ route }) => !IMPERSONAL.has(route.path));
  const legacy = routes.filter(({ surface }) => surface.name === "legacy inbox");

  /** Where the generated body is refused for itself, or is a report of a device, which needs no proof. */
  const SOUND: [path: string, body: object][] = [
    ["/category/:category_slug/", { preference: "opt_in" }],
    ["/notification/:n_id/action/", { action: "read" }],
  ];

  /** Asks every route about the victim, and gives the status of each answer. */
  async function statusesOf(
    { hub, app }: Asker,
    table: typeof routes,
    token: string | null,
    subscriber_id = "",
  ) {
    const caller: Caller = {
      workspace: hub.workspace.slug,
      quiet_workspace: hub.workspace.slug,
      wsKey: hub.wsKey,
      apiKey: "",
      serviceToken: "",
      publicKey: app.publicKey,
      userToken: token ?? "",
    };
    const about = { distinct_id: "victim", tenant_id: "default", subscriber_id };
    const answers: [string, number][] = [];
    for (const target of findTargets(table, caller).filter(
      ({ credentials }) => credentials.authorization !== undefined,
    )) {
      const { method, url, headers, payload } = soundRequest(target, caller);
      const body =
        SOUND.find(([path]) => target.path.endsWith(path))?.[1] ?? JSON.parse(payload?.toString() ?? "{}");
      const answer = await hub.app.inject({
        method: method as "GET",
        url: `${url}?${new URLSearchParams(target.query.includes("distinct_id") ? about : {}).toString()}`,
        headers,
        ...(method === "GET" ? {} : { payload: { ...body, ...(table === legacy ? about : {}) } }),
      });
      answers.push([target.name, answer.statusCode]);
    }
    return answers;
  }

  const others = (answers: [string, number][], status: number) => answers.filter(([, one]) => one !== status);

  it("refuses tokens of other people and other tenants, forged and expired ones, and none", async ({
    harness,
  }) => {
    const [asker, stranger] = [await createAsker(harness), await createAsker(harness)];
    const { app } = asker;
    const [head = "", , signature = ""] = (await app.sign("eve")).split(".");
    const [, claims = ""] = (await app.sign("victim")).split(".");
    const none = Buffer.from('{"alg":"none"}').toString("base64url");
    for (const [status, token] of [
      [403, await app.sign("eve")],
      [403, await app.sign("victim", { scope: { tenant_id: "acme" } })],
      [403, await app.sign("victim", { scope: { tenant_id: [] } })],
      [401, await app.sign("victim", { exp: 1_700_000_000 })],
      [401, await stranger.app.sign("victim")],
      [401, `${head}.${claims}.${signature}`],
      [401, `${none}.${claims}.`],
      [401, null],
    ] as const) {
      const answers = await statusesOf(asker, personal, token);
      expect(answers.length).toBeGreaterThan(20);
      expect(others(answers, status)).toEqual([]);
    }
  });

  it("refuses a subscriber_id of somebody else, a wrong one, and none", async ({ harness }) => {
    const asker = await createAsker(harness);
    const { workspace } = asker.hub;
    const eve = inboxSubscriberId(workspace, { object_type: "", distinct_id: "eve" });
    const elsewhere = inboxSubscriberId((await createAsker(harness)).hub.workspace, {
      object_type: "",
      distinct_id: "victim",
    });
    for (const subscriber_id of [eve, elsewhere, "", "undefined"]) {
      const answers = await statusesOf(asker, legacy, null, subscriber_id);
      expect(answers.length).toBeGreaterThan(4);
      expect(others(answers, 401)).toEqual([]);
    }
  });
});
