import { describe, expect, it } from "vitest";
import slack from "./slack.ts";

const access_token = "xoxb-123-secret";
const url = "https://hooks.slack.com/services/T0/B0/secret";

function keyOf(input: unknown): string {
  const parsed = slack.parseIdentity(input, {});
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.identity.key;
}

describe("slack identities", () => {
  it.each([
    ["an e-mail address", { email: "Ann@X.com", access_token }, { email: "Ann@x.com", access_token }],
    ["a user", { user_id: "U123ABC", access_token }, { user_id: "U123ABC", access_token }],
    [
      "a channel as the SDKs name it",
      { channel_id: "C123", access_token },
      { channel_id: "C123", access_token },
    ],
    [
      "a channel as the REST reference names it",
      { channel: "C123", access_token },
      { channel_id: "C123", access_token },
    ],
    ["a webhook", { incoming_webhook: { url } }, { incoming_webhook: { url } }],
    [
      "of several the webhook",
      { incoming_webhook: { url }, channel: "C1", access_token },
      { incoming_webhook: { url } },
    ],
    [
      "of several the channel",
      { email: "a@x.com", user_id: "U1", channel_id: "C1", access_token },
      { channel_id: "C1", access_token },
    ],
    [
      "of several the user",
      { email: "a@x.com", user_id: "U1", channel_id: null, access_token },
      { user_id: "U1", access_token },
    ],
  ])("accepts %s", (_title, input, value) => {
    expect(slack.parseIdentity(input, {})).toMatchObject({ ok: true, identity: { value, provider: "" } });
  });

  it.each([
    [{}],
    [{ email: "a@x.com" }],
    [{ email: "nobody", access_token }],
    [{ email: "a@x.com", access_token: "abc" }],
    [{ user_id: "X123", access_token }],
    [{ user_id: 5, access_token }],
    [{ channel: "general", access_token }],
    [{ channel: "C1 ", access_token }],
    [{ incoming_webhook: { url: "https://evil.example/hooks.slack.com/" } }],
    [{ incoming_webhook: url }],
    [{ email: "a@x.com", access_token, extra: 1 }],
    [JSON.parse('{"__proto__": {"access_token": "xoxb-1"}, "email": "a@x.com"}')],
  ])("refuses %j", (input) => {
    expect(slack.parseIdentity(input, {})).toEqual({ ok: false, reason: "invalid value" });
  });

  it.each(["a@x.com", null, 5, [{}]])("refuses %j, which is not a map", (input) => {
    expect(slack.parseIdentity(input, {})).toEqual({
      ok: false,
      reason: "$slack: value must be of dict/map type",
    });
  });

  it("identifies by destination and token", () => {
    expect(keyOf({ channel: "C1", access_token })).toBe(keyOf({ channel_id: "C1", access_token }));
    expect(keyOf({ email: "A@x.com", access_token })).toBe(keyOf({ email: "a@X.com", access_token }));
    expect(keyOf({ channel: "C1", access_token })).not.toBe(
      keyOf({ channel: "C1", access_token: "xoxb-other" }),
    );
    expect(keyOf({ channel: "C1", access_token })).not.toBe(keyOf({ user_id: "U1", access_token }));
  });

  it("keeps secrets out of keys", () => {
    expect(keyOf({ channel: "C1", access_token })).not.toContain("secret");
    expect(keyOf({ incoming_webhook: { url } })).not.toContain("secret");
  });
});
