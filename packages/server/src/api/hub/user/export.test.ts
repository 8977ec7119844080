import { describe, expect } from "vitest";
import { onServer as it } from "../../../../test/fixture.ts";
import { node, on, sms, type World } from "../../../../test/behaviours/world.ts";
import type { Hub } from "../../../../test/hub.ts";

const post = async (hub: Hub, path: string, body: object) => {
  const answer = await hub.call("POST", path, body);
  expect(answer.status, answer.text).toBeLessThan(300);
};

type Row = Record<string, unknown>;
interface Export {
  distinct_id: string;
  merged_users: string[];
  user: Row | null;
  preferences: { categories: Row[]; channels: Row[] };
  tenants: Row[];
  lists: Row[];
  subscriptions: Row[];
  inbox: Row[];
  executions: Row[];
  messages: Row[];
  events: Row[];
  meta: { limit: number; has_next: boolean; after: string | null };
}

const LISTS = ["tenants", "lists", "subscriptions", "inbox", "executions", "messages", "events"] as const;

async function page(hub: Hub, query = ""): Promise<Export> {
  const answer = await hub.call("GET", `/v1/user/ann%20%C3%A9/export/${query}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.json as Export;
}

const ANN = "ann é";

async function furnish(world: World): Promise<void> {
  await world.template("card", {
    inbox: { header: "Hello", body: "{{$recipient.name}} {{code}}" },
    sms: { body: "{{$recipient.name}} {{code}}" },
  });
  await world.workflow("now", [node("send_inbox", "i", { template: "card" }), sms("s", "card")]);
  await world.workflow("told", [sms("s", "card")], on("Paid"));
  const path = `/v1/user/${encodeURIComponent(ANN)}/`;
  await post(world, "/v1/user/old/", { name: "Old", $sms: "+14155550144" });
  await world.trigger("now", ["old"], { data: { code: "of old" } });
  await post(world, path, { name: "Ann", $sms: "+14155550133", $email: "ann@x.com" });
  await post(world, `${path}merge/`, { from_user_id: "old" });
  await post(world, "/v1/tenant/acme/", { tenant_name: "Acme" });
  await post(world, `${path}tenant/acme/`, { plan: "gold", $email: "ann@acme.com" });
  await post(world, "/v1/subscriber_list/", { list_id: "vip" });
  await post(world, "/v1/subscriber_list/vip/subscriber/add/", { distinct_ids: [ANN] });
  await post(world, "/v1/object/team/red/", {});
  await post(world, "/v1/object/team/red/subscription/", { recipients: [ANN], properties: { role: "lead" } });
  await world.call("PATCH", `${path}preference/channel_preference/`, {
    channel_preferences: [{ channel: "email", is_restricted: true }],
  });
  await post(world, "/v1/user/bob/", { name: "Bob", $sms: "+14155550155" });
  await world.trigger("now", ["bob", { distinct_id: ANN, nick: "Annie" }], { data: { code: "shared" } });
  await world.event(ANN, "Paid", { code: "paid" });
}

describe("GET /v1/user/{distinct_id}/export/", () => {
  it("200: is everything that is held about the user, and nothing of others", async ({ world }) => {
    await furnish(world);
    const whole = await page(world);
    expect(whole).toMatchObject({
      distinct_id: ANN,
      merged_users: ["old"],
      user: { distinct_id: ANN, properties: { name: "Ann" }, $email: [{ value: "ann@x.com" }] },
      preferences: {
        categories: [],
        channels: [{ tenant_id: "default", channel: "email", is_restricted: true }],
      },
      tenants: [{ tenant_id: "acme", properties: { plan: "gold" }, identities: [{ value: "ann@acme.com" }] }],
      lists: [{ list_id: "vip" }],
      subscriptions: [{ object_type: "team", object_id: "red", properties: { role: "lead" } }],
      events: [{ event: "Paid", properties: { code: "paid" } }],
      meta: { limit: 100, has_next: false, after: null },
    });
    expect(whole.executions).toMatchObject([
      { workflow_slug: "now", distinct_id: "old", status: "completed", data: { code: "of old" } },
      {
        workflow_slug: "now",
        distinct_id: ANN,
        data: { code: "shared" },
        profile: { properties: { nick: "Annie" } },
      },
      { workflow_slug: "told", data: { code: "paid" } },
    ]);
    expect(whole.messages).toHaveLength(7);
    expect(whole.messages.map(({ content }) => JSON.stringify(content)).join()).toContain("Ann shared");
    expect(whole.messages.map(({ address }) => address)).toContain("+14155550133");
    expect(whole.inbox).toHaveLength(2);
    expect(JSON.stringify(whole)).not.toMatch(/bob|Bob|14155550155/);
  });

  it("200: pages hold each row once, in the same order", async ({ world }) => {
    await furnish(world);
    const whole = await page(world);
    for (const limit of [1, 2, 5]) {
      const first = await page(world, `?limit=${limit}`);
      const pages = [first];
      for (let { meta } = first; meta.has_next;) {
        const next = await page(world, `?limit=${limit}&after=${encodeURIComponent(meta.after ?? "")}`);
        pages.push(next);
        ({ meta } = next);
      }
      const sizes = pages.map((one) => LISTS.reduce((sum, list) => sum + one[list].length, 0));
      expect(sizes.slice(0, -1).every((size) => size === limit)).toBe(true);
      expect(sizes.at(-1)).toBeGreaterThan(0);
      for (const list of LISTS) expect(pages.flatMap((one) => one[list])).toEqual(whole[list]);
      expect(pages.map(({ user }) => user !== null)).toEqual(pages.map((_page, index) => index === 0));
    }
  });

  it("404: for a user who is not there", async ({ hub }) => {
    expect((await hub.call("GET", "/v1/user/nobody/export/")).json).toEqual({
      code: 404,
      message: "user [distinct_id: 'nobody'] not found",
    });
  });

  it.for(["x", "messages", "events.1", "tenants.'", "__proto__.a"])(
    "400: for the cursor %s",
    async (after, { hub }) => {
      await post(hub, "/v1/user/ann/", {});
      const answer = await hub.call("GET", `/v1/user/ann/export/?after=${encodeURIComponent(after)}`);
      expect(answer).toMatchObject({
        status: 400,
        json: { code: 400, message: "after: must be `meta.after` of the page before" },
      });
    },
  );
});
