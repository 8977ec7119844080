import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import { until } from "../../../../test/harness.ts";
import type { Hub } from "../../../../test/hub.ts";

/* `$identify`: what was known of a browser becomes the user's (data-and-preferences §3.1d). */

async function identify(hub: Hub, $identified_id: string, $anon_id?: string, more: object = {}) {
  const answer = await hub.call("POST", "/v2/event/", {
    event: "$identify",
    properties: { $identified_id, ...($anon_id === undefined ? {} : { $anon_id }) },
    ...more,
  });
  expect(answer.status, answer.text).toBe(202);
}

const edit = (hub: Hub, id: string, profile: object) => hub.call("POST", `/v1/user/${id}/`, profile);
const user = async (hub: Hub, id: string) => (await hub.call("GET", `/v1/user/${id}/`)).json;
const isThere = async (hub: Hub, id: string) => (await hub.call("GET", `/v1/user/${id}/`)).status === 200;

describe("$identify with $anon_id", () => {
  it("gives the user what was known of the browser, whether the user was known or not", async ({ hub }) => {
    for (const id of ["ann", "new"]) {
      if (id === "ann") await edit(hub, id, { name: "Ann" });
      await edit(hub, `browser-of-${id}`, { name: "Anonymous", plan: "gold", $email: `${id}@x.com` });
      await identify(hub, id, `browser-of-${id}`);
      expect(await user(hub, id)).toMatchObject({
        properties: { name: id === "ann" ? "Ann" : "Anonymous", plan: "gold" },
        $email: [{ value: `${id}@x.com` }],
      });
      expect(await isThere(hub, `browser-of-${id}`)).toBe(false);
    }
  });

  it("never merges away who was identified before", async ({ hub }) => {
    await identify(hub, "ann");
    await edit(hub, "ann", { name: "Ann" });
    await identify(hub, "bob", "ann");
    expect(await user(hub, "ann")).toMatchObject({ properties: { name: "Ann" } });
    expect(await user(hub, "bob")).toMatchObject({ properties: {} });
  });

  it("is a plain login for an id that nobody has, or that is the user's own", async ({ hub }) => {
    await identify(hub, "ann", "nobody");
    await identify(hub, "ann", "ann");
    expect(await isThere(hub, "ann")).toBe(true);
    expect(await isThere(hub, "nobody")).toBe(false);
  });

  it("leaves both where the merge is refused, and says so in the log", async ({ hub }) => {
    for (const tenant of ["t1", "t2"])
      await hub.call("POST", `/v1/tenant/${tenant}/`, { tenant_name: tenant });
    await hub.call("POST", "/v1/user/ann/tenant/t1/", { a: 1 });
    await hub.call("POST", "/v1/user/browser/tenant/t2/", { b: 1 });
    await identify(hub, "ann", "browser");
    expect(await isThere(hub, "browser")).toBe(true);
    expect(await user(hub, "ann")).toMatchObject({ properties: {} });
    expect((await hub.call("GET", "/v1/user/ann/tenant/")).json).toMatchObject({ meta: { count: 1 } });
    const [note] = await until(async () => {
      const notes = (await hub.requests()).filter(({ api_type }) => api_type === "user_edit");
      return notes.length > 0 ? notes : null;
    });
    expect(note).toMatchObject({ status: "partial_failure" });
  });

  it("loses nothing and fails nowhere when logins, edits and merges race", async ({ hub }) => {
    const calls = Array.from({ length: 60 }, (_unused, nth) => {
      const browser = `b${nth % 3}`;
      if (nth % 3 === 0) return edit(hub, browser, { [`p${nth}`]: 1 });
      const properties = { $identified_id: nth % 2 === 0 ? "ann" : "bob", $anon_id: browser };
      return hub.call("POST", "/event/", [
        { event: "$identify", properties },
        { event: "$identify", properties: { $identified_id: "cyd", $anon_id: "b2" } },
      ]);
    });
    const statuses = (await Promise.all(calls)).map(({ status }) => status);
    expect(statuses.filter((status) => status >= 500)).toEqual([]);
    for (const id of ["ann", "bob", "cyd"]) expect(await isThere(hub, id)).toBe(true);
  });
});
