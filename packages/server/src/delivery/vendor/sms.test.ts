import { assert, constantFrom, property, array } from "fast-check";
import { describe, expect, it } from "vitest";
import { dltMessage, smsMessage } from "../../../test/outside/phone-messages.ts";
import type { JsonObject } from "../../core/json.ts";
import { readSms } from "./sms.ts";

const by = { slug: "karix-sms", sender: "ACMEIN" };

function smsOf(content: JsonObject) {
  const read = readSms(smsMessage(content), by);
  if (!read.ok) throw new Error(read.failure.message);
  return read.sms;
}

describe("a rendered SMS", () => {
  it("has the settings' sender and no ids, unless it has its own", () => {
    expect(smsOf({ body: "Hi" })).toEqual({
      to: "+4915112345678",
      digits: "4915112345678",
      text: "Hi",
      unicode: false,
      sender: "ACMEIN",
      dlt: false,
      template_id: "",
      provider_template_id: "",
      parameters: [],
    });
  });

  it("has what its vendor approved", () => {
    expect(readSms(dltMessage("karix-sms"), by)).toMatchObject({
      ok: true,
      sms: {
        sender: "ACMECO",
        dlt: true,
        template_id: "1107161191448698079",
        provider_template_id: "65f0c0ffee",
        parameters: ["Ann", "123456"],
      },
    });
    expect(readSms(dltMessage("gupshup-sms"), by)).toMatchObject({ sms: { template_id: "" } });
  });

  it.each(["", "ann", "+", "12", "+49 151 12345678 ext", { number: "+4915112345678" }])(
    "is refused for the recipient %j",
    (to) => {
      expect(readSms(smsMessage({}, { to }), by)).toMatchObject({
        ok: false,
        failure: { class: "recipient", code: "invalid_number" },
      });
    },
  );

  it("is refused without a text", () => {
    for (const body of ["", null, 5, []]) {
      expect(readSms(smsMessage({ body }), by)).toMatchObject({
        ok: false,
        failure: { class: "message", code: "empty_text" },
      });
    }
  });

  it("takes wrong types for blanks", () => {
    const wrong = { header: 5, parameters: "x", vendor_approvals: { a: 1 }, template_id: {} };
    expect(smsOf(wrong)).toMatchObject({ sender: "ACMEIN", parameters: [], template_id: "" });
    expect(smsOf({ parameters: ["a", 5, null, { b: 1 }] }).parameters).toEqual(["a", "5", "", ""]);
  });
});

const GSM =
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ^{}\\[~]|€ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡AZÄÖÑÜ§¿azäöñüà".split("");

describe("a text", () => {
  it("of the GSM alphabet and its extension needs no 16-bit characters", () => {
    assert(
      property(array(constantFrom(...GSM), { minLength: 1 }), (characters) => {
        expect(smsOf({ body: characters.join("") }).unicode).toBe(false);
      }),
    );
  });

  it("with one other character does", () => {
    assert(
      property(
        array(constantFrom(...GSM)),
        constantFrom(..."✓ 日 ç ` ’ – 💥 á".split(" ")),
        (characters, other) => {
          expect(smsOf({ body: [...characters, other].join("") }).unicode).toBe(true);
        },
      ),
    );
  });

  it("is well-formed, whatever was rendered", () => {
    expect(smsOf({ body: "a\uD800b" }).text).toBe("a\uFFFDb");
  });
});
