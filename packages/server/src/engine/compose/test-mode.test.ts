import { describe, expect, it } from "vitest";
import { channels } from "../../channels/index.gen.ts";
import type { Channel } from "../../core/channel.ts";
import type { StoredIdentity } from "../../core/profile/identity.ts";
import type { Json } from "../../core/json.ts";
import { readTestMode } from "../../core/test-mode.ts";
import { redirectForTestMode, dropCopiesToRealAddresses } from "./test-mode.ts";

const deps = { channels: new Map(channels.map((channel) => [channel.channel, channel])) };

function identity(channel: Channel, input: Json): StoredIdentity {
  const parsed = deps.channels.get(channel)?.parseIdentity(input, {});
  if (parsed?.ok !== true) throw new Error(`${channel}: ${JSON.stringify(input)}`);
  return { ...parsed.identity, channel, status: "active", perma_status: "active" };
}

const mode = (settings: object = {}) =>
  readTestMode({ test_mode: { enabled_at: "2026-01-01T00:00:00Z", ...settings } });

const aim = (channel: Channel, input: Json, settings?: object) =>
  redirectForTestMode(identity(channel, input), mode(settings), deps);

describe("in test mode", () => {
  it.each<[string, Channel, Json, Json]>([
    ["a test value", "email", "qa@example.com", "qa@example.com"],
    ["a test value in another case", "email", "QA@Example.com", "qa@EXAMPLE.com"],
    ["a phone number in another spelling", "sms", "+14155550100", "+1 (415) 555-0100"],
    ["a token given with its provider", "androidpush", "token-1", { token: "token-1", provider: "fcm" }],
  ])("sends to %s", (_title, channel, address, value) => {
    expect(aim(channel, address, { test_values: [5, null, value] })).toEqual({
      identity: identity(channel, address),
      redirected: null,
      blocked: null,
    });
  });

  it("any other value goes to the catch-all of its channel, and the log says so", () => {
    const settings = { test_values: ["qa@example.com"], catch_all: { email: "all@example.com" } };
    expect(aim("email", "ann@example.com", settings)).toMatchObject({
      identity: { value: "all@example.com", key: "all@example.com" },
      redirected: "redirected to 'all@example.com' (original 'ann@example.com')",
      blocked: null,
    });
  });

  it("any other value is blocked when its channel has no catch-all", () => {
    const { blocked } = aim("sms", "+14155550100", { catch_all: { email: "all@example.com" } });
    expect(blocked).toBe("test mode: '+14155550100' is no test value of sms, which has no catch-all");
  });

  it("a catch-all that is not a valid address blocks the message", () => {
    expect(aim("email", "ann@example.com", { catch_all: { email: "nobody" } }).blocked).toBe(
      "test mode: the catch-all of email is no valid address",
    );
  });

  it("a test value of one channel does not count on another", () => {
    expect(aim("whatsapp", "+14155550100", { test_values: ["qa@example.com"] }).blocked).not.toBeNull();
  });

  it("channels that are not listed are unaffected", () => {
    expect(aim("sms", "+14155550100", { channels: ["email"] }).blocked).toBeNull();
  });

  it("credentials that are part of an address are not written into the log", () => {
    const webhook = { incoming_webhook: { url: "https://hooks.slack.com/services/T0/B0/secret" } };
    expect(aim("slack", webhook).blocked).not.toContain("secret");
  });
});

describe("copies of an e-mail in test mode", () => {
  const content = {
    subject: "Hi",
    extra_to: ["boss@example.com"],
    cc: ["QA Team <QA@example.com>", "Ann <ann@example.com>"],
    bcc: ["qa@example.com", "qa@example.com <ann@example.com>", "<>", 5],
  };
  const settings = { test_values: ["qa@example.com"], catch_all: { email: "all@example.com" } };

  it("go only to test addresses", () => {
    expect(dropCopiesToRealAddresses("email", content, mode(settings), deps)).toEqual({
      content: { subject: "Hi", extra_to: [], cc: ["QA Team <QA@example.com>"], bcc: ["qa@example.com"] },
      held: 5,
    });
  });

  it.each([
    ["another channel", "sms", mode(settings)],
    ["a channel that is not in test mode", "email", mode({ ...settings, channels: ["sms"] })],
    ["no test mode", "email", null],
  ] as const)("are unchanged with %s", (_title, channel, test_mode) => {
    expect(dropCopiesToRealAddresses(channel, content, test_mode, deps)).toEqual({ content, held: 0 });
  });
});

describe("out of test mode", () => {
  it("every address is sent to", () => {
    expect(redirectForTestMode(identity("email", "ann@example.com"), null, deps)).toMatchObject({
      identity: { value: "ann@example.com" },
      blocked: null,
    });
  });
});
