import { describe, expect, it } from "vitest";
import { contentText } from "../../test/content-text.ts";
import whatsapp from "./whatsapp.ts";

const problems = (draft: object) =>
  whatsapp.findProblems(whatsapp.content.parse({ body: { text: "Hi {{name}}" }, ...draft }));
const cta = (...buttons: object[]) => problems({ button_type: "CALL_TO_ACTION", buttons });
const link = { type: "URL", text: "Open", url_static_part: "https://x.io/" };
const call = { type: "PHONE_NUMBER", text: "Call", phone_number: "+14155552671" };

describe("whatsapp content", () => {
  it("asks for a body", () => {
    expect(whatsapp.findProblems(whatsapp.content.parse({}))).toEqual({ "body.text": ["missing"] });
  });

  it.each([
    ["a body alone", {}],
    ["a text header with one variable", { header: { format: "TEXT", text: "Hi {{name}}" } }],
    ["a picture header", { header: { format: "IMAGE", media_url: "https://x.io/a.png" } }],
    [
      "a variable that counts as one character",
      { body: { text: `${"a".repeat(1023)}{{a_very_long_name}}` } },
    ],
    ["a plain footer", { footer: { text: "Reply STOP (1#*)" } }],
    ["buttons that are switched off", { button_type: "NONE", buttons: [{ type: "x" }] }],
    ["two links and a number", { button_type: "CALL_TO_ACTION", buttons: [link, link, call] }],
  ])("accepts %s", (_title, draft) => {
    expect(problems(draft)).toEqual({});
  });

  it.each([
    [
      "authentication templates",
      { category: "AUTHENTICATION" },
      { category: ["must be one of ['UTILITY' 'MARKETING']"] },
    ],
    ["a header without text", { header: {} }, { "header.text": ["missing"] }],
    [
      "a header with two variables",
      { header: { text: "{{a}} {{b}}" } },
      { "header.text": ["must contain at maximum 1 variable"] },
    ],
    [
      "a header with an emoji",
      { header: { text: "Hi 🎉" } },
      { "header.text": ["emoji are not allowed here"] },
    ],
    ["a media header without media", { header: { format: "VIDEO" } }, { "header.media_url": ["missing"] }],
    [
      "a body that is too long",
      { body: { text: "a".repeat(1025) } },
      { "body.text": ["must contain at maximum 1024 characters"] },
    ],
    [
      "a footer with a variable",
      { footer: { text: "{{a}}" } },
      { "footer.text": ["variables are not allowed here"] },
    ],
    ["buttons that are none", { button_type: "QUICK_REPLY" }, { buttons: ["must contain at least 1 item"] }],
    [
      "too many quick replies",
      {
        button_type: "QUICK_REPLY",
        buttons: Array.from({ length: 4 }, () => ({ type: "QUICK_REPLY", text: "a" })),
      },
      { buttons: ["must contain at maximum 3 items of type 'QUICK_REPLY'"] },
    ],
    [
      "a button of another kind",
      { button_type: "QUICK_REPLY", buttons: [link] },
      { "buttons.0.type": ["must be one of ['QUICK_REPLY']"] },
    ],
  ])("refuses %s", (_title, draft, expected) => {
    expect(problems(draft)).toEqual(expected);
  });

  it.each([
    [{ body: { text: "{{uppercase name}}" } }, "body.text"],
    [{ body: { text: "{{#if a}}x{{/if}}" } }, "body.text"],
    [{ header: { text: '{{t "x"}}' } }, "header.text"],
  ])("refuses helpers, for which an approved template has no place: %j", (draft, path) => {
    expect(problems(draft)[path]).toContain("only variables are allowed in a WhatsApp template");
  });

  it("checks each button for what its kind needs", () => {
    expect(cta(link, link, link)).toEqual({ buttons: ["must contain at maximum 2 items of type 'URL'"] });
    expect(cta({ ...call, text: "{{a}}", phone_number: "123" })).toEqual({
      "buttons.0.text": ["variables are not allowed here"],
      "buttons.0.phone_number": ["must contain at least 8 characters"],
    });
    expect(cta({ ...link, url_static_part: "", url_type: "dynamic" })).toEqual({
      "buttons.0.url_static_part": ["missing"],
      "buttons.0.url_dynamic_part": ["missing"],
    });
    expect(cta({ ...link, url_type: "dynamic", url_dynamic_part: "{{a}}/{{b}}" })).toEqual({
      "buttons.0.url_dynamic_part": ["must contain at maximum 1 variable"],
    });
    expect(cta({ ...link, url_type: "dynamic", url_dynamic_part: "{{a}}/x" })).toEqual({
      "buttons.0.url_dynamic_part": ["must end in its variable"],
    });
  });

  it("escapes none of its values, which are sent beside the approved template", () => {
    const content = whatsapp.content.parse({
      header: { format: "DOCUMENT", media_url: "{{link}}", filename: "{{name}}" },
      body: { text: "Hi {{name}}" },
      buttons: [{ ...link, url_type: "dynamic", url_dynamic_part: "{{query}}" }],
    });
    const values = { name: "O'Neil & Co", link: "https://x.io/?a=1&b=2", query: "a=1&b=2" };
    const text = contentText(values);
    expect(whatsapp.render(content, text)).toMatchObject({
      header: { media_url: values.link, filename: values.name },
      body: { text: "Hi O'Neil & Co" },
      buttons: [{ url_dynamic_part: values.query }],
    });
  });

  it("gives the values of its variables by their places, in the order of the text", () => {
    const content = whatsapp.content.parse({
      header: { format: "TEXT", text: "Order {{id}}" },
      body: { text: "{{name}}, {{{name}}} and {{ $recipient.name }}: {{items.[0].title}}" },
      buttons: [link, { ...link, url_type: "dynamic", url_dynamic_part: "orders/{{id}}" }, call],
    });
    const text = contentText({
      id: 7,
      name: "O'Neil",
      $recipient: { name: "Ann\n\t B" },
      items: [{ title: "a       b" }],
    });
    expect(whatsapp.render(content, text)["parameters"]).toEqual({
      header: ["7"],
      body: ["O'Neil", "O'Neil", "Ann B", "a    b"],
      buttons: [{ index: 1, text: "7" }],
    });
  });

  it("renders every part into the same shape", () => {
    const content = whatsapp.content.parse({
      header: { format: "IMAGE", media_url: "https://x.io/{{x}}.png" },
      body: { text: "Hi {{x}}" },
      footer: null,
      buttons: [{ ...link, url_type: "dynamic", url_dynamic_part: "{{x}}" }],
    });
    expect(whatsapp.render(content, (source) => source.replace("{{x}}", "1"))).toMatchObject({
      header: { format: "IMAGE", media_url: "https://x.io/1.png" },
      body: { text: "Hi 1" },
      footer: null,
      buttons: [
        { type: "URL", url_type: "dynamic", url_static_part: "https://x.io/", url_dynamic_part: "1" },
      ],
    });
  });
});
