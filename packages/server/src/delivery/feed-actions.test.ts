import { describe, expect } from "vitest";
import { node } from "../../test/behaviours/world.ts";
import { type Client, createClient } from "../../test/client/client.ts";
import { statusIs } from "../../test/conditions.ts";
import { onServer as it } from "../../test/fixture.ts";
import { until } from "../../test/harness.ts";
import { node as pipelineNode, sentBy } from "../../test/pipeline.ts";
import { wait } from "../../test/waiting.ts";

const patch = (client: Client, path: string, body: object = {}) =>
  client.call("PATCH", `/v1/feed/${path}?distinct_id=ann&tenant_id=default`, { body });

describe("what is done in a feed is done with the message", () => {
  it("sees, reads, opens and archives it, and takes back what can be", async ({ world }) => {
    await world.template("card", { inbox: { header: "Hello", body: "Hello" } });
    await world.workflow("note", [node("send_inbox", "inbox", { template: "card" })]);
    await world.trigger("note", ["ann"]);
    const client = await createClient(world, world.workspace);
    const read = async () =>
      ((await world.call("GET", "/v1/message/")).json as { results: Record<string, unknown>[] }).results[0] ??
      {};
    const { message_id: id } = (await world.messages())[0] ?? { message_id: "" };
    const states = [];
    for (const action of ["seen", "read", "unread", "interacted", "archive", "unarchive", "pin"]) {
      expect((await patch(client, `notifications/${id}/${action}`)).status).toBe(200);
      const { status, is_read, is_archived } = await read();
      states.push([action, status, is_read, is_archived]);
    }
    expect(states).toEqual([
      ["seen", "seen", false, false],
      ["read", "read", true, false],
      ["unread", "read", false, false],
      ["interacted", "clicked", true, false],
      ["archive", "clicked", true, true],
      ["unarchive", "clicked", true, false],
      ["pin", "clicked", true, false],
    ]);
  });

  it("reads all messages, and ends a smart routing", async ({ world }) => {
    const email = { subject: "Hello", body: { type: "raw", raw: { html: "<p>Hello</p>", text: "" } } };
    const card = { header: "Hello", body: "Hello" };
    await world.template("wide", { email, inbox: card, androidpush: card });
    await world.workflow("smart", [
      node("send_smart_channel_routing", "smart", { template: "wide", ttl_value: "1h", success: "seen" }),
    ]);
    await world.trigger("smart", [
      { distinct_id: "ann", $email: "ann@example.com", $androidpush: "token-1" },
    ]);
    const client = await createClient(world, world.workspace);
    expect((await patch(client, "mark_all_read")).status).toBe(200);
    await world.pass("1h");
    const statuses = (await world.messages()).map(({ channel, status }) => [channel, status]);
    expect(Object.fromEntries(statuses)).toMatchObject({ inbox: "read", email: "not_to_be_triggered" });
  });

  it("wakes what waits for it", async ({ pipeline, client }) => {
    await pipeline.addTemplate("card", ["inbox"]);
    const card = (ref: string) => pipelineNode("send_inbox", ref, { template: "card" });
    await pipeline.commit("asks", [
      card("first"),
      wait("w", { on: [statusIs("first", "$message.seen")], come: [card("come")], timeout: [card("late")] }),
    ]);
    await pipeline.trigger({ workflow: "asks", recipients: ["ann"] });
    const [message] = await until(async () => {
      const messages = await pipeline.messages();
      const [run] = await pipeline.runs();
      return messages.length === 1 && run?.wake_at != null ? messages : null;
    });
    expect((await patch(client, `notifications/${message?.id}/seen`)).status).toBe(200);
    await pipeline.finished(1);
    expect(await sentBy(pipeline)).toEqual(["first", "come"]);
  });
});
