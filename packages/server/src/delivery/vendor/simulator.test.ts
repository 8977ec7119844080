import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../core/json.ts";
import { type Channel, CHANNELS } from "../../core/channel.ts";
import simulators from "../../vendors/simulator.ts";
import { dial, scriptedHttp, vendorContract } from "../../../test/outside/vendor-contract.ts";
import type { Outcome, OutgoingMessage, Vendor } from "./vendor.ts";

const byChannel = Object.fromEntries(simulators.map((one) => [one.channel, one])) as Record<Channel, Vendor>;
const { androidpush, email, inbox, iospush, ms_teams, slack, sms, webpush, whatsapp } = byChannel;

function messageTo(to: string | JsonObject, attempt = 1): OutgoingMessage {
  return {
    message_id: "01JD0000000000000000000000",
    workspace: "w",
    tenant_id: "default",
    recipient: "user-1",
    category: "transactional",
    attempt,
    to,
    content: { body: "hello" },
    attachments: [],
    only_to: null,
    callback_url: null,
  };
}

function simulate(
  vendor: Vendor,
  to: string | JsonObject,
  attempt = 1,
  signal = AbortSignal.abort(),
): Promise<Outcome> {
  const http = scriptedHttp(() => {
    throw new Error("a simulator calls nobody");
  });
  return vendor.open({}, { http, dial, now: Date.now }).send(messageTo(to, attempt), signal);
}

/** A short form of an outcome. */
async function shortly(outcome: Promise<Outcome>): Promise<string> {
  const result = await outcome;
  if (result.kind === "sent") {
    const receipts = (result.receipts ?? []).map(({ status, after_ms }) => ` ${status}@${after_ms}`);
    return `sent${result.delivered === true ? " delivered" : ""}${receipts.join("")}`;
  }
  if (result.kind === "ambiguous") {
    return `ambiguous ${result.code}`;
  }
  return `${result.class}${result.inactivate === true ? " inactivate" : ""}${result.retry_after === undefined ? "" : ` in ${result.retry_after} s`}`;
}

describe("the simulators", () => {
  it("cover every channel, under the channel's slug", () => {
    expect(simulators.map(({ slug }) => slug)).toEqual(CHANNELS.map((channel) => `simulator-${channel}`));
  });

  it("reach the tokens of the usual push providers", () => {
    expect([androidpush, iospush, webpush, email].map(({ provider }) => provider)).toEqual([
      "fcm",
      "apns",
      "vapid",
      undefined,
    ]);
  });
});

for (const vendor of simulators) {
  vendorContract(vendor, { config: {}, message: messageTo("somebody") });
}

describe("an e-mail simulator", () => {
  it.each([
    ["ann@example.com", "sent"],
    ["delivered+1@example.com", "sent delivered@1000"],
    ["bounce+x@example.com", "recipient inactivate"],
    ["Bounce+@example.com", "recipient inactivate"],
    ["defer+@example.com", "transient"],
    ["seen+@example.com", "sent delivered@1000 seen@2000"],
    ["click+@example.com", "sent delivered@1000 seen@2000 clicked@3000"],
    ["throttle+@example.com", "throttled in 2 s"],
    ["undelivered+@example.com", "sent delivery_failure@1000"],
    ["reject+@example.com", "message"],
    ["config+@example.com", "config"],
    ["hang+@example.com", "ambiguous simulated_hang"],
    ["bounce@example.com", "sent"],
    ["seen-team@example.com", "sent"],
    ["bounced+1@example.com", "sent"],
    ["x+bounce@example.com", "sent"],
    ["", "sent"],
  ])("answers %s with: %s", async (to, outcome) => {
    expect(await shortly(simulate(email, to))).toBe(outcome);
  });
});

describe.each([sms, whatsapp])("a phone simulator", (vendor) => {
  it.each([
    ["+15550101234", "sent"],
    ["+15550100001", "sent delivered@1000"],
    ["+15550100002", "recipient inactivate"],
    ["+15550100003", "transient"],
    ["+15550100004", "sent delivered@1000 seen@2000"],
    ["+15550100005", "sent delivered@1000 seen@2000 clicked@3000"],
    ["+15550100006", "throttled in 2 s"],
    ["+15550100007", "sent delivery_failure@1000"],
    ["+15550100008", "message"],
    ["+15550100009", "config"],
    ["+15550100010", "ambiguous simulated_hang"],
    ["15550100002", "recipient inactivate"],
    ["+15550102", "sent"],
    ["0002", "sent"],
  ])("answers %s with: %s", async (to, outcome) => {
    expect(await shortly(simulate(vendor, to))).toBe(outcome);
  });
});

describe("a simulator of tokens, ids and URLs", () => {
  it.each<[Vendor, string | JsonObject, string]>([
    [androidpush, "bounce-f00d", "recipient inactivate"],
    [androidpush, "f00d-bounce", "sent"],
    [iospush, "THROTTLE_1", "throttled in 2 s"],
    [
      webpush,
      { endpoint: "https://push.example/send/seen-1?x", keys: { auth: "a", p256dh: "b" } },
      "sent delivered@1000 seen@2000",
    ],
    [webpush, { endpoint: "https://bounce.example/send", keys: { auth: "bounced", p256dh: "b" } }, "sent"],
    [slack, { access_token: "xoxb-1", channel_id: "bounce" }, "recipient inactivate"],
    [slack, { access_token: "xoxb-1", email: "config+1@example.com" }, "config"],
    [slack, { incoming_webhook: { url: "https://hooks.example/services/reject:1" } }, "message"],
    [slack, { access_token: "xoxb-1", channel_id: "C1" }, "sent delivered"],
    [
      ms_teams,
      { tenant_id: "t", service_url: "https://smba.example/amer", user_id: "undelivered-1" },
      "sent delivery_failure@1000",
    ],
    [inbox, "user-1", "sent delivered"],
    [inbox, "click.user", "sent delivered delivered@1000 seen@2000 clicked@3000"],
    [slack, { a: [null, 5, { b: "hang-1" }] }, "ambiguous simulated_hang"],
    [slack, { __proto__: null, constructor: "toString" }, "sent delivered"],
  ])("%#: answers with the third for the second", async (vendor, to, outcome) => {
    expect(await shortly(simulate(vendor, to))).toBe(outcome);
  });
});

describe("over several attempts", () => {
  it.each([
    ["defer+@example.com", ["transient", "transient", "sent", "sent"]],
    ["throttle+@example.com", ["throttled in 2 s", "sent", "sent", "sent"]],
    ["bounce+@example.com", Array(4).fill("recipient inactivate")],
  ])("%s gives %j", async (to, outcomes) => {
    const seen = await Promise.all([1, 2, 3, 4].map((attempt) => shortly(simulate(email, to, attempt))));
    expect(seen).toEqual(outcomes);
  });
});

describe("hanging", () => {
  it("lasts until the call is aborted, and then the result is unknown", async () => {
    const aborter = new AbortController();
    let over = false;
    const outcome = simulate(email, "hang+@example.com", 1, aborter.signal).finally(() => {
      over = true;
    });
    await new Promise(setImmediate);
    expect(over).toBe(false);
    aborter.abort();
    expect(await outcome).toMatchObject({ kind: "ambiguous" });
  });
});
