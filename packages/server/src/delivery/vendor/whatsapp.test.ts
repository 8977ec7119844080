import { assert, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { FULL_TEMPLATE, TEXT_HEADER, whatsappMessage } from "../../../test/outside/phone-messages.ts";
import type { JsonObject } from "../../core/json.ts";
import { allParameters, fixedHeader, readWhatsApp } from "./whatsapp.ts";

const slug = "whatsapp_cloud_api-whatsapp";

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
        { index: 0, type: "phone_number", text: "Call", parameter: null },
        { index: 1, type: "url", text: "Track", parameter: "abc" },
      ],
    });
  });

  it("has the values of those buttons that have a variable", () => {
    const url = { type: "URL", text: "Track", url_type: "dynamic" };
    const buttons = [url, { type: "OTHER" }, null, { type: "QUICK_REPLY", text: "Yes" }, url];
    const parameters = {
      buttons: [
        { index: 4, text: "a\nb" },
        { index: 3, text: "none of a quick reply" },
      ],
    };
    expect(whatsappOf({ buttons, parameters }).buttons).toEqual([
      { index: 0, type: "url", text: "Track", parameter: null },
      { index: 3, type: "quick_reply", text: "Yes", parameter: null },
      { index: 4, type: "url", text: "Track", parameter: "a b" },
    ]);
  });

  it.each([
    [{ vendor_template_name: "named", vendor_template_id: "1" }, "named", "1"],
    [{ vendor_template_id: "order_shipped" }, "order_shipped", "order_shipped"],
    [{ vendor_template_id: "594425479261596" }, "", "594425479261596"],
  ])("is called as its approval %j says", (approval, name, id) => {
    const { template } = whatsappOf({ vendor_approvals: [{ vendor_slug: slug, ...approval }] });
    expect(template).toEqual({ name, id, language: "en" });
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
    const wrong = { header: 5, body: "x", footer: [], buttons: { a: 1 }, parameters: ["x"] };
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
        const [sent = ""] = whatsappOf({ parameters: { body: [`${value}\r\n\t      x`] } }).body.parameters;
        expect(sent).not.toMatch(/[\r\n\t\u2028]| {5}/);
        expect(sent.isWellFormed()).toBe(true);
      }),
    );
  });

  it("are numbered over header, body and buttons", () => {
    const parameters = { header: ["Acme"], body: ["Ann", "42"], buttons: [{ index: 1, text: "abc" }] };
    expect(allParameters(whatsappOf({ ...FULL_TEMPLATE, ...TEXT_HEADER, parameters }))).toEqual([
      "Acme",
      "Ann",
      "42",
      "abc",
    ]);
  });

  it("in a header's text are refused for vendors without them", () => {
    expect(fixedHeader(whatsappOf(TEXT_HEADER), "Karix")).toMatchObject({ code: "variable_header" });
    expect(fixedHeader(whatsappOf(FULL_TEMPLATE), "Karix")).toBeNull();
    expect(fixedHeader(whatsappOf({ ...TEXT_HEADER, parameters: null }), "Karix")).toBeNull();
  });
});
