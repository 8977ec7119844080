import { describe, expect, it } from "vitest";
import type { Json } from "./json.ts";
import { maskAddress, maskAddresses, withoutSecrets } from "./secret-addresses.ts";

const subscription = { endpoint: "https://push.example/1", keys: { p256dh: "P", auth: "A" } };
const masked = { endpoint: "https://push.example/1", keys: { p256dh: "***", auth: "***" } };

describe("an address that is shown", () => {
  it.each<[Json, Json]>([
    ["ann@example.com", "ann@example.com"],
    [null, null],
    [
      { access_token: "xoxb-1", channel_id: "C1" },
      { access_token: "***", channel_id: "C1" },
    ],
    [{ incoming_webhook: { url: "https://hooks.slack.com/x" } }, { incoming_webhook: "***" }],
    [subscription, masked],
    [[subscription], [masked]],
  ])("%j is %j", (address, shown) => {
    expect(maskAddress(address)).toEqual(shown);
  });
});

describe("an address without its credentials", () => {
  it.each<[Json, Json]>([
    ["+14155550100", "+14155550100"],
    [null, null],
    [{ user_id: "U1", access_token: "xoxb-1" }, { user_id: "U1" }],
    [{ incoming_webhook: { url: "https://hooks.slack.com/x" } }, {}],
    [
      { ...subscription, expirationTime: null },
      { endpoint: subscription.endpoint, expirationTime: null },
    ],
    [
      { a: {}, keys: { auth: "A", kind: "x" } },
      { a: {}, keys: { kind: "x" } },
    ],
  ])("%j is %j", (address, shown) => {
    expect(withoutSecrets(address)).toEqual(shown);
  });
});

describe("a body that is shown", () => {
  it("has its addresses masked wherever they stand, and nothing else", () => {
    const body = {
      recipients: [{ distinct_id: "ann", $slack: [{ access_token: "xoxb-1", email: "a@x.io" }] }],
      $user_operations: [{ $append: { $webpush: subscription } }],
      data: { auth: "kept", keys: [1], $email: ["a@x.io"], access_token: "kept" },
    };
    expect(maskAddresses(body)).toEqual({
      ...body,
      recipients: [{ distinct_id: "ann", $slack: [{ access_token: "***", email: "a@x.io" }] }],
      $user_operations: [{ $append: { $webpush: masked } }],
    });
  });

  it("may be nested deeper than the call stack", () => {
    const deep = JSON.parse(`${'{"a":['.repeat(50_000)}1${"]}".repeat(50_000)}`) as Json;
    expect(maskAddresses(deep)).toHaveProperty("a");
    expect(maskAddress(deep)).toHaveProperty("a");
  });
});
