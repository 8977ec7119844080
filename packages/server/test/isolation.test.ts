import { describe, expect } from "vitest";
import { routes } from "../src/api/index.gen.ts";
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
