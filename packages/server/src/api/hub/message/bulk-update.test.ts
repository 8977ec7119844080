import { describe, expect } from "vitest";
import { onServer as it } from "../../../../test/fixture.ts";
import { delay, node } from "../../../../test/behaviours/world.ts";
import { createHub, type Hub } from "../../../../test/hub.ts";
import { type Channel, CHANNELS, MESSAGE_ACTIONS } from "../../../core/channel.ts";

const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;

async function addMessage(hub: Hub, channel: string, status = "delivered"): Promise<string> {
  const id = hub.services.ids.ulid();
  await hub.services.db.query(
    `insert into message (workspace_id, id, execution_id, workflow_slug, version_id, node_ref, category, lane, tenant_id,
                          distinct_id, channel, status, idempotency_key, channel_value)
     values ($1, $2, 'run', 'w', 'v', 'n', 'transactional', 1, 'default', 'u', $3, $4, 'k', '"x"')`,
    [hub.workspace_id, id, channel, status],
  );
  return id;
}

const act = (hub: Hub, ...messages: [message_id: string, action: string][]) =>
  hub.call("PATCH", "/v1/bulk/message/", {
    messages: messages.map(([message_id, action]) => ({ message_id, action })),
  });

const read = async (hub: Hub, id: string) => {
  const { results } = (await hub.call("GET", `/v1/message/?message_id=${id}`)).json as {
    results: Record<string, unknown>[];
  };
  return results[0];
};

/** The wire's matrix. */
const SUPPORTED: Record<Channel, string[]> = {
  email: ["seen", "clicked"],
  sms: [],
  whatsapp: ["seen"],
  inbox: ["seen", "clicked", "read", "unread", "archived", "unarchived"],
  androidpush: ["seen", "clicked", "dismissed"],
  iospush: ["seen", "clicked", "dismissed"],
  webpush: ["seen", "clicked", "dismissed"],
  slack: [],
  ms_teams: [],
};

describe("PATCH /v1/bulk/message/", () => {
  it("202: answers for each message, in order", async ({ hub, harness }) => {
    const other = await createHub(harness);
    const foreign = await addMessage(other, "email");
    const mail = await addMessage(hub, "email");
    const failed = await addMessage(hub, "email", "failure_by_vendor");
    const sms = await addMessage(hub, "sms");
    const answer = await act(
      hub,
      [foreign, "seen"],
      [mail, "seen"],
      [failed, "seen"],
      [sms, "seen"],
      ["no", "read"],
    );
    expect(answer.status).toBe(202);
    const refused = (message_id: string, status_code: number, type: string, message: string) => ({
      message_id,
      status_code,
      error: { type, message },
    });
    expect(answer.json).toEqual({
      records: [
        refused(foreign, 404, "not_found", `message '${foreign}' not found`),
        { message_id: mail, status_code: 202, error: null },
        refused(
          failed,
          422,
          "status_blocked",
          "'seen' is not possible: the status of the message is 'failure_by_vendor'",
        ),
        refused(sms, 422, "action_not_supported", "'seen' is not supported by the channel 'sms'; none is"),
        refused("no", 404, "not_found", "message 'no' not found"),
      ],
    });
    expect(await read(other, foreign)).toMatchObject({ status: "delivered", seen_at: null });
  });

  it.for(CHANNELS)("202, 422: %s supports what the wire says", async (channel, { hub }) => {
    for (const action of MESSAGE_ACTIONS) {
      const id = await addMessage(hub, channel);
      const answer = (await act(hub, [id, action])).json as { records: { status_code: number }[] };
      const expected = SUPPORTED[channel].includes(action) ? 202 : 422;
      expect([action, answer.records[0]?.status_code]).toEqual([action, expected]);
    }
  });

  it.for(["trigger_failed", "trigger_blocked", "failure_by_vendor", "not_to_be_triggered"])(
    "422: nothing happens to a message whose status is %s",
    async (status, { hub }) => {
      const id = await addMessage(hub, "email", status);
      expect((await act(hub, [id, "clicked"])).json).toMatchObject({
        records: [{ status_code: 422, error: { type: "status_blocked" } }],
      });
      expect(await read(hub, id)).toMatchObject({ clicked_at: null });
    },
  );

  it("202: moves the status forward, and sets what that implies", async ({ hub }) => {
    const id = await addMessage(hub, "webpush", "sent_by_vendor");
    await act(hub, [id, "clicked"]);
    const clicked = await read(hub, id);
    expect(clicked).toMatchObject({
      status: "clicked",
      delivered_at: TIME,
      seen_at: TIME,
      clicked_at: TIME,
      dismissed_at: null,
    });
    await act(hub, [id, "seen"]);
    await act(hub, [id, "dismissed"]);
    expect(await read(hub, id)).toMatchObject({
      status: "clicked",
      seen_at: clicked?.seen_at,
      clicked_at: clicked?.clicked_at,
      dismissed_at: TIME,
    });
  });

  it("202: read and archived can be taken back, and the item of the inbox follows", async ({
    world,
    harness,
  }) => {
    await world.template("card", { inbox: { header: "Hello", body: "Hello" } });
    await world.workflow("note", [node("send_inbox", "inbox", { template: "card" })]);
    await world.trigger("note", ["ann"]);
    const id = (await world.messages())[0]?.message_id ?? "";
    const item = async () => {
      const rows = await harness.services.db.query<Record<string, Date | null>>(
        "select seen_at, read_at, interacted_at, archived_at from inbox_item where workspace_id = $1 and id = $2",
        [world.workspace_id, id],
      );
      return Object.entries(rows[0] ?? {}).flatMap(([name, at]) => (at === null ? [] : [name]));
    };
    expect(await item()).toEqual([]);
    await act(world, [id, "read"]);
    expect(await read(world, id)).toMatchObject({
      status: "read",
      is_read: true,
      seen_at: TIME,
      read_at: TIME,
    });
    expect(await item()).toEqual(["seen_at", "read_at"]);
    await act(world, [id, "archived"]);
    expect(await read(world, id)).toMatchObject({ status: "read", is_archived: true, archived_at: TIME });
    expect(await item()).toEqual(["seen_at", "read_at", "archived_at"]);
    await act(world, [id, "unread"]);
    await act(world, [id, "unarchived"]);
    expect(await read(world, id)).toMatchObject({
      status: "read",
      is_read: false,
      unread_at: TIME,
      is_archived: false,
      unarchived_at: TIME,
    });
    expect(await item()).toEqual(["seen_at"]);
    await act(world, [id, "clicked"]);
    expect(await item()).toEqual(["seen_at", "read_at", "interacted_at"]);
  });

  it("202: what is seen ends a smart routing", async ({ world }) => {
    const email = { subject: "Hello", body: { type: "raw", raw: { html: "<p>Hello</p>", text: "" } } };
    const card = { header: "Hello", body: "Hello" };
    await world.template("wide", { email, inbox: card, androidpush: card });
    await world.workflow("smart", [
      node("send_smart_channel_routing", "smart", { template: "wide", ttl_value: "1h", success: "seen" }),
      delay("wait", "2h"),
    ]);
    await world.trigger("smart", [
      { distinct_id: "ann", $email: "ann@example.com", $androidpush: "token-1" },
    ]);
    const inbox = (await world.messages()).find(({ channel }) => channel === "inbox");
    await act(world, [inbox?.message_id ?? "", "seen"]);
    await world.pass("1h");
    expect(
      Object.fromEntries((await world.messages()).map(({ channel, status }) => [channel, status])),
    ).toEqual({
      inbox: "seen",
      androidpush: "sent_by_vendor",
      email: "not_to_be_triggered",
    });
  });

  it.for([
    [{}, { messages: "is a required field" }],
    [{ messages: {} }, { messages: "must be an array" }],
    [{ messages: [] }, { messages: "must contain at least 1 item" }],
    [
      {
        messages: Array.from({ length: 1001 }, (_one, index) => ({
          message_id: `m${index}`,
          action: "seen",
        })),
      },
      { messages: "must contain at maximum 1000 items" },
    ],
    [
      { messages: ["a", "b", "a"].map((message_id) => ({ message_id, action: "seen" })) },
      { messages: "must not name a message twice: a" },
    ],
    [
      { messages: [{ message_id: "a", action: "opened" }] },
      {
        "messages[0].action":
          "must be one of ['seen' 'clicked' 'dismissed' 'read' 'unread' 'archived' 'unarchived']",
      },
    ],
    [{ messages: [{ action: "seen" }] }, { "messages[0].message_id": "is a required field" }],
    [{ messages: [7] }, { "messages[0]": "must be a JSON object" }],
  ] as const)("400: case %#", async ([body, detail], { hub }) => {
    expect(await hub.call("PATCH", "/v1/bulk/message/", body)).toMatchObject({
      status: 400,
      json: { code: 400, message: JSON.stringify(detail), detail },
    });
  });
});
