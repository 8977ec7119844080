import { describe, expect, it } from "vitest";
import androidpush from "../androidpush.ts";
import iospush from "../iospush.ts";

describe("push identities", () => {
  it("takes a bare token with the channel's own provider", () => {
    expect(androidpush.parseIdentity(" tok ", {})).toEqual({
      ok: true,
      identity: { value: "tok", key: "fcm:tok", provider: "fcm", device_id: null, bundle_id: null },
    });
    expect(iospush.parseIdentity("tok", { provider: null })).toMatchObject({
      identity: { provider: "apns" },
    });
  });

  it("takes provider, device and app from the keys beside it", () => {
    const hints = { provider: "xiaomi", device_id: "d1", bundle_id: "com.x" };
    expect(androidpush.parseIdentity("tok", hints)).toEqual({
      ok: true,
      identity: { value: "tok", key: "xiaomi:tok", provider: "xiaomi", device_id: "d1", bundle_id: "com.x" },
    });
  });

  it("believes the object over the keys beside it", () => {
    const input = { token: "tok", provider: "oppo", device_id: "own" };
    expect(
      androidpush.parseIdentity(input, { provider: "fcm", device_id: "d1", bundle_id: "b" }),
    ).toMatchObject({
      identity: { key: "oppo:tok", device_id: "own", bundle_id: "b" },
    });
  });

  it("uses its default where the key beside it means another channel", () => {
    expect(androidpush.parseIdentity("tok", { provider: "apns" })).toMatchObject({
      identity: { provider: "fcm" },
    });
    expect(iospush.parseIdentity("tok", { provider: "fcm" })).toMatchObject({
      identity: { provider: "apns" },
    });
  });

  it("refuses an unknown provider", () => {
    const reason = "provider must be one of ['fcm' 'xiaomi' 'oppo']";
    expect(androidpush.parseIdentity("tok", { provider: "fmc" })).toEqual({ ok: false, reason });
    expect(androidpush.parseIdentity({ token: "tok", provider: "apns" }, {})).toEqual({ ok: false, reason });
  });

  it.each([12, null, "", "  ", [], {}, { token: "" }, { token: 5 }])("refuses %j as a token", (input) => {
    expect(androidpush.parseIdentity(input, {})).toEqual({
      ok: false,
      reason: "$androidpush: value must be of string type",
    });
    expect(iospush.parseIdentity(input, {})).toEqual({
      ok: false,
      reason: "$iospush: value must be of string type",
    });
  });

  it("keeps keys short enough for an index, and apart", () => {
    const key = (token: string) => {
      const parsed = androidpush.parseIdentity(token, {});
      return parsed.ok ? parsed.identity.key : null;
    };
    expect(key("a".repeat(4000))?.length).toBeLessThan(600);
    expect(key("a".repeat(4000))).not.toBe(key("a".repeat(4001)));
    expect(key("a".repeat(4097))).toBeNull();
  });
});
