import { assert, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { FULL_TEMPLATE, whatsappMessage } from "../../../test/outside/phone-messages.ts";
import type { JsonObject } from "../../core/json.ts";
import { allParameters, fixedHeader, readWhatsApp } from "./whatsapp.ts";

const slug = "cloud_api-whatsapp";

function whatsappOf(content: JsonObject = {}) {
  const read = readWhatsApp(whatsappMessage(slug, content), { slug });
  if (!read.ok) throw new Error(read.failure.message);
  return read.whatsapp;
}

describe("a rendered WhatsApp message", () => {
  it("names its approved template and the values of its variables", () => {
    expect(whatsappOf(FULL_TEMPLATE)).toEqual({
      to: "+4915112345678",
      digits: "4915112345678",
      template: {
        name: "order_shipped_en_v1",
        id: "HX0123456789abcdef0123456789abcdef",
        language: "en_US",
      },
      header: {
        kind: "document",
        link: "https://files.acme.test/42.pdf",
        filename: "invoice.pdf",
        parameters: [],
      },
      body: { text: "Grüße, Ann: 42 ✓", parameters: ["Ann", "4 2 ✓"] },
      footer: "Acme",
      buttons: [
        { type: "phone_number", text: "Call", parameter: null },
        { type: "url", text: "Track", parameter: "abc" },
      ],
    });
  });

  it("takes the value of a button's variable alone, and none of a static one", () => {
    const url = { type: "URL", text: "Track", url_static_part: "https://acme.test/" };
    const buttons = [
      { ...url, url_type: "dynamic", url_dynamic_part: "t/abc", parameters: ["abc"] },
      { ...url, url_type: "static", url_dynamic_part: "x" },
      { type: "QUICK_REPLY", text: "Yes" },
      { type: "OTHER" },
      null,
    ];
    expect(whatsappOf({ buttons }).buttons).toEqual([
      { type: "url", text: "Track", parameter: "abc" },
      { type: "url", text: "Track", parameter: null },
      { type: "quick_reply", text: "Yes", parameter: null },
    ]);
  });

  it("is written in English where its approval names no language", () => {
    const approval = { vendor_slug: slug, vendor_template_name: "x" };
    expect(whatsappOf({ vendor_approvals: [approval] }).template.language).toBe("en");
  });

  it.each([
    ["there is none", [], {}],
    ["another vendor's", [{ vendor_slug: "twilio-whatsapp", vendor_template_name: "x" }], {}],
    ["rejected", [{ vendor_slug: slug, vendor_template_name: "x", approval_status: "rejected" }], {}],
    ["another account's", [{ vendor_slug: slug, vendor_template_name: "x", vendor_uid: "1" }], { uid: "2" }],
    ["without a name and an id", [{ vendor_slug: slug }], {}],
  ])("is refused if the approval is %s", (_, vendor_approvals, account) => {
    const message = whatsappMessage(slug, { vendor_approvals });
    expect(readWhatsApp(message, { slug, ...account })).toMatchObject({
      ok: false,
      failure: { class: "message", code: "template_not_approved" },
    });
  });

  it("is refused for a recipient that is no number", () => {
    expect(readWhatsApp(whatsappMessage(slug, {}, { to: "ann" }), { slug })).toMatchObject({
      ok: false,
      failure: { class: "recipient", code: "invalid_number" },
    });
  });

  it("takes wrong types for blanks", () => {
    const wrong = { header: 5, body: "x", footer: [], buttons: { a: 1 } };
    expect(whatsappOf(wrong)).toMatchObject({
      header: null,
      body: { text: "", parameters: [] },
      footer: "",
      buttons: [],
    });
  });
});

describe("values", () => {
  it("have no line breaks, no tabs and no five spaces in a row", () => {
    assert(
      property(string({ unit: "binary" }), (value) => {
        const [sent = ""] = whatsappOf({ body: { text: "", parameters: [`${value}\r\n\t      x`] } }).body
          .parameters;
        expect(sent).not.toMatch(/[\r\n\t\u2028]| {5}/);
        expect(sent.isWellFormed()).toBe(true);
      }),
    );
  });

  it("are numbered over header, body and buttons", () => {
    const header = { format: "TEXT", text: "Hi Ann", parameters: ["Ann"] };
    expect(allParameters(whatsappOf({ ...FULL_TEMPLATE, header }))).toEqual(["Ann", "Ann", "4 2 ✓", "abc"]);
  });

  it("in a header's text are refused for vendors without them", () => {
    const header = { format: "TEXT", text: "Hi Ann", parameters: ["Ann"] };
    expect(fixedHeader(whatsappOf({ header }), "Karix")).toMatchObject({ code: "variable_header" });
    expect(fixedHeader(whatsappOf(FULL_TEMPLATE), "Karix")).toBeNull();
    expect(fixedHeader(whatsappOf({ header: { format: "TEXT", text: "Hi" } }), "Karix")).toBeNull();
  });
});
