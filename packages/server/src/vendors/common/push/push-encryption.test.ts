import { createECDH, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decryptPush } from "../../../../test/outside/browser-push.ts";
import { encryptPush } from "./push-encryption.ts";

const bytes = (text: string) => Buffer.from(text, "base64url");

describe("an encrypted push message", () => {
  it("is the one of the example in RFC 8291", () => {
    const encrypted = encryptPush(
      Buffer.from("When I grow up, I want to be a watermelon"),
      {
        p256dh: bytes(
          "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        ),
        auth: bytes("BTBZMqHH6r4Tts7J_aSIgg"),
      },
      {
        private_key: bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
        salt: bytes("DGv6ra1nlYgDCS1FRnbzlw"),
      },
    );
    expect(encrypted.toString("base64url")).toBe(
      "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8w" +
        "EqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN",
    );
  });

  it("is read by the browser that it is for, whatever it says", () => {
    const browser = createECDH("prime256v1");
    browser.generateKeys();
    const auth = randomBytes(16);
    const keys = { p256dh: browser.getPublicKey(), auth };
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 500 }), (text) => {
        expect(decryptPush(encryptPush(Buffer.from(text), keys), browser, auth)).toBe(text);
      }),
    );
  });

  it("is never the same twice", () => {
    const browser = createECDH("prime256v1");
    const keys = { p256dh: browser.generateKeys(), auth: randomBytes(16) };
    const made = [1, 2].map(() => encryptPush(Buffer.from("x"), keys));
    expect(made[0]?.subarray(0, 86)).not.toEqual(made[1]?.subarray(0, 86));
  });

  it("is refused for a key that is no point of the curve", () => {
    const p256dh = Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 1)]);
    expect(() => encryptPush(Buffer.from("x"), { p256dh, auth: randomBytes(16) })).toThrow(/public key/i);
  });
});
