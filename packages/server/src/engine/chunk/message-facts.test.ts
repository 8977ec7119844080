import { describe, expect } from "vitest";
import { onOwnApi as it } from "../../../test/fixture.ts";
import { until } from "../../../test/harness.ts";
import { branch, delay, node, type Pipeline, sms } from "../../../test/pipeline.ts";
import type { Worker } from "../../../test/worker.ts";
import type { Condition } from "../../core/conditions/conditions.ts";
import type { JsonObject } from "../../core/json.ts";
import { factsOf } from "./message-facts.ts";

/* Branches on how far messages are. Receipts are the simulators', due when the test says so. */

let worker: Worker;

it.beforeEach(async ({ pipeline, workers }) => {
  await pipeline.addTemplate("text", ["email", "sms", "inbox"]);
  worker = await workers.start();
});

const query = (pipeline: Pipeline, text: string, ...values: unknown[]) =>
  pipeline.services.db.query(text, [pipeline.workspace_id, ...values]);

const status = (ref: string, op: "IS" | "IS_NOT", value: string): Condition => ({
  type: "expression_v1",
  expression_v1: {
    op: "AND",
    args: [{ variable_ns: "$ref", ref, variable: "message_status", op, value: `$message.${value}` }] as never,
  },
});

const multi = (...channels: string[]) => node("send_multi_channel", "first", { template: "text", channels });

/** What is asked behind a delay, one branch node for each question: the messages say which held. */
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

/** Sends, lets what is set happen, and asks; the questions that held. */
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

/** From here on the e-mail of the template cannot be rendered. */
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

/** Addresses at which the simulators do as their words say. */
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

  it("looks at the rows of that moment: what arrives later is for the next branch", async ({ pipeline }) => {
    const seenNow = branch("now", [
      { when: status("first", "IS", "seen"), nodes: [sms("early")] },
      { nodes: [] },
    ]);
    expect(await answers(pipeline, [multi("sms"), seenNow], { $sms: "+14155550004" }, receive)).toEqual(SEEN);
    expect((await pipeline.messages()).map(({ node_ref }) => node_ref)).not.toContain("early");
  });

  it("a delivered inbox item is delivered in the walk that makes it", async ({ pipeline }) => {
    await pipeline.commit("asks", [multi("inbox"), ...asked("first")]);
    await pipeline.trigger({ workflow: "asks", recipients: [{ distinct_id: "ann", $inbox: true }] });
    await pipeline.finished(1);
    expect((await pipeline.messages()).slice(1).map(({ node_ref }) => node_ref)).toEqual(DELIVERED);
  });

  it("of a node that never ran is nothing, and is not anything", async ({ pipeline }) => {
    const skipped = branch("skip", [
      { when: status("first", "IS", "seen"), nodes: [multi("sms")] },
      { nodes: [sms("other")] },
    ]);
    expect(await answers(pipeline, [skipped], { $sms: "+14155550004" }, receive)).toEqual(NOTHING);
  });

  it("of a channel that was not to be sent says nothing about the others", async ({ pipeline }) => {
    const blocked = async () => {
      await setStatus(pipeline, "email", "failure_by_vendor")();
      await setStatus(pipeline, "sms", "not_to_be_triggered")();
    };
    expect(await answers(pipeline, [multi("email", "sms")], reports("accept", "0100"), blocked)).toEqual(
      FAILED,
    );
  });

  it.for<[string, string[]]>([
    ["behind a delay", ["email"]],
    ["behind a delay, beside one that is under way", ["email", "sms"]],
  ])("is not delivery_failed for what failed on our side, %s", async ([_name, channels], { pipeline }) => {
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

  it("is not delivery_failed in the walk that could not render it, either", async ({ pipeline }) => {
    await breakEmail(pipeline);
    await pipeline.commit("asks", [multi("email"), ...asked("first")]);
    await pipeline.trigger({
      workflow: "asks",
      recipients: [{ distinct_id: "ann", $email: "ann@example.com" }],
    });
    await pipeline.finished(1);
    expect((await pipeline.messages()).slice(1).map(({ node_ref }) => node_ref)).toEqual(NOTHING);
  });

  it("is delivery_failed where the vendor refused all that could be rendered", async ({ pipeline }) => {
    await breakEmail(pipeline);
    const recipient = { $email: "ann@example.com", $sms: "+14155550008" };
    expect(await answers(pipeline, [multi("email", "sms")], recipient, receive)).toEqual(FAILED);
  });

  it("of a workspace's other runs is not looked at", async ({ pipeline }) => {
    await answers(pipeline, [multi("sms")], { $sms: "+14155550005" }, receive);
    await pipeline.commit("asks", asked("first"));
    await pipeline.trigger({ workflow: "asks", recipients: [{ distinct_id: "ann" }] });
    await pipeline.finished(2);
    const [, second] = await pipeline.runs();
    const own = (await pipeline.messages()).filter(({ execution_id }) => execution_id === second?.id);
    expect(own.map(({ node_ref }) => node_ref)).toEqual(NOTHING);
  });
});

describe("how far a message is", () => {
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
