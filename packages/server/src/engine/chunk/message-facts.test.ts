import { describe, expect } from "vitest";
import { onOwnApi as it } from "../../../test/fixture.ts";
import { until } from "../../../test/harness.ts";
import { branch, delay, node, type Pipeline, sms } from "../../../test/pipeline.ts";
import type { Worker } from "../../../test/worker.ts";
import type { Condition } from "../../core/conditions/conditions.ts";
import type { JsonObject } from "../../core/json.ts";
import { statusIs } from "../../../test/conditions.ts";
import { factsOf } from "./message-facts.ts";

/* Branches on message status. Receipts are the simulators', due when the test says so. */

let worker: Worker;

it.beforeEach(async ({ pipeline, workers }) => {
  await pipeline.addTemplate("text", ["email", "sms", "inbox"]);
  worker = await workers.start();
});

const query = (pipeline: Pipeline, text: string, ...values: unknown[]) =>
  pipeline.services.db.query(text, [pipeline.workspace_id, ...values]);

const status = (ref: string, op: "IS" | "IS_NOT", value: string): Condition =>
  statusIs(ref, `$message.${value}`, op);

const multi = (...channels: string[]) => node("send_multi_channel", "first", { template: "text", channels });

/** Conditions evaluated after a delay, one branch node each: the messages sent show which were true. */
const QUESTIONS = [
  ["IS", "delivered"],
  ["IS", "seen"],
  ["IS", "clicked"],
  ["IS", "delivery_failed"],
  ["IS_NOT", "delivered"],
  ["IS_NOT", "seen"],
  ["IS_NOT", "clicked"],
] as const;

const asked = (ref: string) =>
  QUESTIONS.map(([op, value], index) =>
    branch(`b${index}`, [
      { when: status(ref, op, value), nodes: [node("send_inbox", `${op} ${value}`, { template: "text" })] },
      { nodes: [] },
    ]),
  );

/** Sends, runs `happen`, evaluates the conditions, and returns those that were true. */
async function answers(
  pipeline: Pipeline,
  first: ReturnType<typeof multi>[],
  recipient: JsonObject,
  happen: (pipeline: Pipeline) => Promise<unknown> = async () => {},
): Promise<string[]> {
  await pipeline.commit("asks", [...first, delay("pause", "1h"), ...asked("first")]);
  await pipeline.trigger({ workflow: "asks", recipients: [{ distinct_id: "ann", ...recipient }] });
  await until(
    async () => (await pipeline.runs())[0]?.wake_at !== null && (await pipeline.runs()).length === 1,
  );
  await until(async () => {
    const messages = await pipeline.messages();
    return messages.length > 0 && messages.every((message) => message.status !== "triggered");
  });
  await happen(pipeline);
  const before = (await pipeline.messages()).length;
  await query(pipeline, "update run set wake_at = now() - interval '1 second' where workspace_id = $1");
  await worker.wake();
  await pipeline.finished(1);
  return (await pipeline.messages()).slice(before).map(({ node_ref }) => node_ref);
}

async function receive(pipeline: Pipeline): Promise<void> {
  await query(
    pipeline,
    "update due_receipt set due_at = now() - interval '1 second' where workspace_id = $1",
  );
  await worker.sweep();
}

const setStatus = (pipeline: Pipeline, channel: string, to: string) => () =>
  query(pipeline, "update message set status = $3 where workspace_id = $1 and channel = $2", channel, to);

/** From here on the template's e-mail cannot be rendered. */
async function breakEmail(pipeline: Pipeline): Promise<void> {
  await query(
    pipeline,
    "update template_version set snapshot = replace(snapshot::text, '<p>Hello</p>', '{{nothing.there}}')::json where workspace_id = $1",
  );
}

const NOTHING = ["IS_NOT delivered", "IS_NOT seen", "IS_NOT clicked"];
const DELIVERED = ["IS delivered", "IS_NOT seen", "IS_NOT clicked"];
const SEEN = ["IS delivered", "IS seen", "IS_NOT clicked"];
const CLICKED = ["IS delivered", "IS seen", "IS clicked"];
const FAILED = ["IS delivery_failed", ...NOTHING];

/** Addresses for which the simulators report as their names say. */
const reports = (word: string, number: string) => ({
  $email: `${word}+ann@example.com`,
  $sms: `+1415555${number}`,
});

describe("a branch on the status of messages", () => {
  it.for<[string, string[], JsonObject, string[]]>([
    ["no report has arrived", ["sms"], { $sms: "+14155550100" }, NOTHING],
    ["it was delivered", ["sms"], { $sms: "+14155550001" }, DELIVERED],
    ["it was seen", ["sms"], { $sms: "+14155550004" }, SEEN],
    ["it was clicked", ["sms"], { $sms: "+14155550005" }, CLICKED],
    ["it was not delivered", ["sms"], { $sms: "+14155550007" }, FAILED],
    ["the vendor refused it", ["sms"], { $sms: "+14155550008" }, FAILED],
    ["one of two channels was clicked", ["email", "sms"], { ...reports("click", "0100") }, CLICKED],
    ["one of two channels failed", ["email", "sms"], { ...reports("undelivered", "0100") }, NOTHING],
    [
      "one of two channels failed, the other arrived",
      ["email", "sms"],
      { ...reports("undelivered", "0001") },
      DELIVERED,
    ],
    ["all channels failed", ["email", "sms"], { ...reports("undelivered", "0007") }, FAILED],
  ])("holds when %s", async ([_name, channels, recipient, held], { pipeline }) => {
    expect(await answers(pipeline, [multi(...channels)], recipient, receive)).toEqual(held);
  });

  it("reads the rows of that moment: later reports count for the next branch", async ({ pipeline }) => {
    const seenNow = branch("now", [
      { when: status("first", "IS", "seen"), nodes: [sms("early")] },
      { nodes: [] },
    ]);
    expect(await answers(pipeline, [multi("sms"), seenNow], { $sms: "+14155550004" }, receive)).toEqual(SEEN);
    expect((await pipeline.messages()).map(({ node_ref }) => node_ref)).not.toContain("early");
  });

  it("counts an inbox item as delivered within the walk that creates it", async ({ pipeline }) => {
    await pipeline.commit("asks", [multi("inbox"), ...asked("first")]);
    await pipeline.trigger({ workflow: "asks", recipients: [{ distinct_id: "ann", $inbox: true }] });
    await pipeline.finished(1);
    expect((await pipeline.messages()).slice(1).map(({ node_ref }) => node_ref)).toEqual(DELIVERED);
  });

  it("on a node that never ran: every IS is false and every IS_NOT is false", async ({ pipeline }) => {
    const skipped = branch("skip", [
      { when: status("first", "IS", "seen"), nodes: [multi("sms")] },
      { nodes: [sms("other")] },
    ]);
    expect(await answers(pipeline, [skipped], { $sms: "+14155550004" }, receive)).toEqual(NOTHING);
  });

  it("ignores a channel that was not to be sent", async ({ pipeline }) => {
    const blocked = async () => {
      await setStatus(pipeline, "email", "failure_by_vendor")();
      await setStatus(pipeline, "sms", "not_to_be_triggered")();
    };
    expect(await answers(pipeline, [multi("email", "sms")], reports("accept", "0100"), blocked)).toEqual(
      FAILED,
    );
  });

  it.for<[string, string[]]>([
    ["after a delay", ["email"]],
    ["after a delay, with another message in progress", ["email", "sms"]],
  ])("is not delivery_failed when Carillon itself failed, %s", async ([_name, channels], { pipeline }) => {
    await breakEmail(pipeline);
    const held = await answers(pipeline, [multi(...channels)], {
      $email: "ann@example.com",
      $sms: "+14155550100",
    });
    expect(held).toEqual(NOTHING);
    expect(await pipeline.messages()).toContainEqual(
      expect.objectContaining({ channel: "email", status: "trigger_failed", failure_class: null }),
    );
  });

  it("is not delivery_failed in the walk that could not render the message either", async ({ pipeline }) => {
    await breakEmail(pipeline);
    await pipeline.commit("asks", [multi("email"), ...asked("first")]);
    await pipeline.trigger({
      workflow: "asks",
      recipients: [{ distinct_id: "ann", $email: "ann@example.com" }],
    });
    await pipeline.finished(1);
    expect((await pipeline.messages()).slice(1).map(({ node_ref }) => node_ref)).toEqual(NOTHING);
  });

  it("is delivery_failed when the vendor refused everything that could be rendered", async ({ pipeline }) => {
    await breakEmail(pipeline);
    const recipient = { $email: "ann@example.com", $sms: "+14155550008" };
    expect(await answers(pipeline, [multi("email", "sms")], recipient, receive)).toEqual(FAILED);
  });

  it("ignores the messages of other runs in the workspace", async ({ pipeline }) => {
    await answers(pipeline, [multi("sms")], { $sms: "+14155550005" }, receive);
    await pipeline.commit("asks", asked("first"));
    await pipeline.trigger({ workflow: "asks", recipients: [{ distinct_id: "ann" }] });
    await pipeline.finished(2);
    const [, second] = await pipeline.runs();
    const own = (await pipeline.messages()).filter(({ execution_id }) => execution_id === second?.id);
    expect(own.map(({ node_ref }) => node_ref)).toEqual(NOTHING);
  });
});

describe("the facts of a message", () => {
  const none = { delivered: false, seen: false, clicked: false, failed: false };
  it.each([
    ["triggered", none],
    ["to_be_triggered", none],
    ["sent_by_vendor", none],
    ["delivered", { ...none, delivered: true }],
    ["seen", { ...none, delivered: true, seen: true }],
    ["read", { ...none, delivered: true, seen: true }],
    ["dismissed", { ...none, delivered: true, seen: true }],
    ["clicked", { ...none, delivered: true, seen: true, clicked: true }],
    ["failure_by_vendor", { ...none, failed: true }],
    ["not_to_be_triggered", null],
    ["trigger_blocked", null],
    ["__proto__", none],
  ])("%s", (stored, facts) => {
    expect(factsOf(stored)).toEqual(facts);
  });

  it.each([
    ["recipient", { ...none, failed: true }],
    ["config", { ...none, failed: true }],
    ["transient", { ...none, failed: true }],
    ["ambiguous", { ...none, failed: true }],
    ["internal", null],
    [null, null],
  ])("trigger_failed, of class %s", (failure_class, facts) => {
    expect(factsOf("trigger_failed", failure_class)).toEqual(facts);
  });
});
