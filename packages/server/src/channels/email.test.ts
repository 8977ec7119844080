import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../core/json.ts";
import { contentText } from "../../test/content-text.ts";
import { RenderError } from "./channel.ts";
import email, { type RenderedEmail } from "./email.ts";

function engine(values: JsonObject = {}) {
  return contentText({ none: "", ...values });
}

function html(source: string, more: object = {}) {
  return email.content.parse({ subject: "S", body: { type: "raw", raw: { html: source }, ...more } });
}

describe("email identities", () => {
  it.each([
    ["user@example.com", "user@example.com", "user@example.com"],
    ["  Ann.Lee+x@Example.COM ", "Ann.Lee+x@example.com", "ann.lee+x@example.com"],
    ["a..b@docomo.ne.jp", "a..b@docomo.ne.jp", "a..b@docomo.ne.jp"],
    ["Ünï@bücher.example", "Ünï@bücher.example", "ünï@bücher.example"],
  ])("accepts %j", (input, value, key) => {
    expect(email.parseIdentity(input, {})).toEqual({
      ok: true,
      identity: { value, key, provider: "", device_id: null, bundle_id: null },
    });
  });

  it("treats composed and decomposed spellings as one address", () => {
    const composed = email.parseIdentity("zoë@x.example", {});
    const decomposed = email.parseIdentity("zoe\u0308@x.example", {});
    expect(composed.ok && decomposed.ok && composed.identity.key === decomposed.identity.key).toBe(true);
  });

  const LENGTH = "invalid email address. must be 6 <= len(email) <= 320";
  const SYNTAX = "invalid email address. value in email format required. e.g. user@example.com";
  it.each([
    [42, "$email: value must be of string type"],
    [null, "$email: value must be of string type"],
    [{ email: "a@x.com" }, "$email: value must be of string type"],
    ["a@b.c", LENGTH],
    [`${"a".repeat(64)}@${"b".repeat(60)}.${"c".repeat(200)}`, LENGTH],
    ["plainaddress", SYNTAX],
    ["two words@x.com", SYNTAX],
    ["a@x.com\r\nBcc: b@x.com", SYNTAX],
    ["a@localhost", SYNTAX],
    ["a@-x.com", SYNTAX],
    ["a@x..com", SYNTAX],
    ["a@10.0.0.1", SYNTAX],
    ["Ann <a@x.com>", SYNTAX],
    [`${"a".repeat(65)}@x.com`, SYNTAX],
    ["a@b@x.com", SYNTAX],
  ])("refuses %j with the wire's reason", (input, reason) => {
    expect(email.parseIdentity(input, {})).toEqual({ ok: false, reason });
  });
});

describe("email content", () => {
  it("lists everything that is missing from an empty draft", () => {
    expect(email.findProblems(email.content.parse({}))).toEqual({
      subject: ["missing"],
      "body.designer.html": ["missing"],
    });
  });

  it("refuses MJML that does not compile, and CSS that is too much", () => {
    const mjml = (source: string) =>
      email.content.parse({ subject: "S", body: { type: "mjml", mjml: { source } } });
    expect(email.findProblems(mjml(""))).toEqual({ "body.mjml.source": ["missing"] });
    expect(email.findProblems(mjml("<mjml><mj-nope/></mjml>"))).toEqual({
      "body.mjml.source": ["is not valid MJML: there is no element <mj-nope>"],
    });
    const css = `<style>${"a{b:c}".repeat(1000)}</style>${"<p>x</p>".repeat(1000)}`;
    expect(email.findProblems(html(css))).toEqual({
      "body.raw.html": [
        "1000 CSS rules for 2002 tags are too many to inline; set body.inline_css to false to send it without",
      ],
    });
    expect(email.findProblems(html(css, { inline_css: false }))).toEqual({});
    expect(email.render(html(css), engine())["html"]).toBe(css);
  });

  it.each([
    [
      "raw without html",
      { subject: "S", body: { type: "raw", raw: null } },
      { "body.raw.html": ["missing"] },
    ],
    [
      "blank html",
      { subject: "S", body: { type: "raw", raw: { html: " \n" } } },
      { "body.raw.html": ["missing"] },
    ],
    [
      "plain text without text",
      { subject: "S", body: { type: "plain_text" } },
      { "body.plain_text.text": ["missing"] },
    ],
    [
      "an unknown body type",
      { subject: "S", body: { type: "amp" } },
      { "body.type": ["must be one of ['designer' 'raw' 'mjml' 'plain_text']"] },
    ],
    [
      "an address that can never work",
      { from_address: "nobody" },
      { from_address: ["invalid email address"] },
    ],
    ["a list with a wrong entry", { cc: "a@x.com, b" }, { cc: ["invalid email address: b"] }],
    [
      "broken JSON-LD",
      { body: { type: "raw", raw: { html: "x" }, email_markup: "{" } },
      { "body.email_markup": ["invalid JSON"] },
    ],
  ])("finds %s", (_title, draft, problems) => {
    const sound = { subject: "S", body: { type: "raw", raw: { html: "x" } } };
    expect(email.findProblems(email.content.parse({ ...sound, ...draft }))).toEqual(problems);
  });

  it("allows 998 characters of subject and counts characters, not code units", () => {
    const body = { type: "raw", raw: { html: "x" } };
    const problems = (subject: string) => email.findProblems(email.content.parse({ subject, body }));
    expect(problems("😀".repeat(998))).toEqual({});
    expect(problems("a".repeat(999))).toEqual({ subject: ["must contain at maximum 998 characters"] });
  });

  it("leaves addresses with variables to rendering", () => {
    const draft = email.content.parse({
      subject: "S",
      cc: "{{a}}, x",
      from_address: "{{a}}",
      body: { type: "raw", raw: { html: "x" } },
    });
    expect(email.findProblems(draft)).toEqual({});
  });

  it("keeps the inactive bodies and the editor's state as they are", () => {
    const stored = {
      body: {
        type: "raw",
        raw: { html: "r" },
        designer: { html: "d", design_json: { deep: [1, { x: null }] } },
        plain_text: null,
      },
    };
    expect(email.content.parse(stored)).toMatchObject(stored);
  });
});

const MJML = `<mjml><mj-body><mj-section><mj-column>
  <mj-text>Hi {{name}}</mj-text>
  <mj-raw>{{#each rows}}</mj-raw><mj-text>{{this}}</mj-text><mj-raw>{{/each}}</mj-raw>
</mj-column></mj-section></mj-body></mjml>`;

describe("the header List-Unsubscribe", () => {
  const render = (more: object, values: JsonObject = {}) =>
    email.render(
      email.content.parse({ subject: "S", body: { type: "plain_text" }, ...more }),
      engine({ $unsubscribe_url: "", ...values }),
    )["headers"];

  it("is left out where there is no page to leave at", () => {
    expect(render({})).toEqual({});
    expect(email.render(html("x"), engine())["headers"]).toEqual({});
    expect(render({ list_unsubscribe: "" })).toEqual({});
  });

  it.each<[object, JsonObject, object]>([
    [
      {},
      { $unsubscribe_url: "https://p.example/p/a.b/one-click" },
      {
        "List-Unsubscribe": "<https://p.example/p/a.b/one-click>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
      },
    ],
    // Nothing can be opted out of by a POST: the page alone.
    [
      { list_unsubscribe_one_click: true },
      { $unsubscribe_url: "https://p.example/p/a.b" },
      { "List-Unsubscribe": "<https://p.example/p/a.b>" },
    ],
    [
      {},
      { $unsubscribe_url: "http://p.example/p/a.b/one-click" },
      { "List-Unsubscribe": "<http://p.example/p/a.b/one-click>" },
    ],
    [
      { list_unsubscribe: "{{url}}" },
      { url: "https://x.io/ü,b?a=1&b=2" },
      { "List-Unsubscribe": "<https://x.io/%C3%BC%2Cb?a=1&b=2>" },
    ],
    [
      { list_unsubscribe: "mailto:out@x.io?subject=out" },
      {},
      { "List-Unsubscribe": "<mailto:out@x.io?subject=out>" },
    ],
    [
      { list_unsubscribe: "https://x.io/out", list_unsubscribe_one_click: true },
      {},
      { "List-Unsubscribe": "<https://x.io/out>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" },
    ],
    // RFC 8058 knows https alone.
    [
      { list_unsubscribe: "mailto:out@x.io", list_unsubscribe_one_click: true },
      {},
      { "List-Unsubscribe": "<mailto:out@x.io>" },
    ],
  ])("of %j with %j is %j", (more, values, headers) => {
    expect(render(more, values)).toEqual(headers);
  });

  it.each([
    "javascript:alert(1)",
    "x",
    "https://a b",
    "https://a>,<https://b",
    "https://x.io/\r\nBcc: a@x.io",
    "https://",
  ])("is never made of %j", (url) => {
    expect(() => render({ list_unsubscribe: "{{url}}" }, { url })).toThrow(
      /^list_unsubscribe: must be an address/,
    );
  });

  it("is checked where it is known", () => {
    const content = email.content.parse({
      subject: "S",
      body: { type: "plain_text", plain_text: { text: "x" } },
    });
    expect(email.findProblems({ ...content, list_unsubscribe: "x" })).toEqual({
      list_unsubscribe: ["must be an address that begins with https:, http: or mailto:"],
    });
    expect(email.findProblems({ ...content, list_unsubscribe: "https://x.io" })).toEqual({});
  });
});

describe("email rendering", () => {
  it("has nothing but nulls and empty lists for what the template leaves open", () => {
    expect(email.render(html("<p>Hi {{name}}</p>"), engine({ name: "D'Arcy" }))).toEqual({
      from_name: null,
      from_address: null,
      extra_to: [],
      cc: [],
      bcc: [],
      reply_to: null,
      subject: "S",
      html: "<p>Hi D&#x27;Arcy</p>",
      text: "Hi D'Arcy",
      headers: {},
    });
  });

  it("renders the body its type names: designer", () => {
    const content = email.content.parse({
      subject: "{{s}}",
      body: { type: "designer", designer: { html: "<b>{{s}}</b>", text: "own {{s}}" }, raw: { html: "no" } },
    });
    expect(email.render(content, engine({ s: "x" }))).toMatchObject({
      subject: "x",
      html: "<b>x</b>",
      text: "own x",
    });
  });

  it("renders the body its type names: plain text, without HTML, preheader or markup", () => {
    const content = email.content.parse({
      subject: "S",
      body: { type: "plain_text", plain_text: { text: "a {{s}}" }, preheader: "p", email_markup: "{}" },
    });
    expect(email.render(content, engine({ s: "x" }))).toMatchObject({ html: null, text: "a x" });
  });

  it("makes the same plain text for a completed version as for a draft", () => {
    const content = html("<p>A</p><p>{{x}}</p><p>B</p>");
    const completed = email.complete?.(content) ?? content;
    expect(completed).not.toEqual(content);
    const text = email.render(content, engine({ x: "" }))["text"];
    expect(text).toBe("A\n\nB");
    expect(email.render(completed, engine({ x: "" }))["text"]).toBe(text);
  });

  it("says the same in the text it generates as in the HTML: with the recipient's characters, and links that work", () => {
    const source =
      '<p>Dear {{name}}, <a href="{{link}}">pay</a> or {{#if b}}<a href="{{{link}}}">wait</a>{{/if}} &copy; {{json}}</p>';
    const values = { name: "O'Neil & Söhne <Ltd>", link: "https://x.io/?a=1&b=2", b: true, json: '`="' };
    const rendered = email.render(html(source), engine(values));
    expect(rendered["text"]).toBe(
      "Dear O'Neil & Söhne <Ltd>, pay (https://x.io/?a=1&b=2) or wait (https://x.io/?a=1&b=2) © `=\"",
    );
    expect(rendered["html"]).toContain("O&#x27;Neil &amp; Söhne &lt;Ltd&gt;");
  });

  it("escapes the author's own text and the subject as the wire does", () => {
    const content = html("<p>x</p>", { raw: { html: "<p>x</p>", text: "{{x}} {{{x}}}" } });
    const rendered = email.render({ ...content, subject: "{{x}} {{{x}}}" }, engine({ x: "O'Neil" }));
    expect(rendered).toMatchObject({ subject: "O&#x27;Neil O'Neil", text: "O&#x27;Neil O'Neil" });
  });

  it.each(["o'neil@x.io", "bounce+ann=x.io@y.io", "a&b`c@x.io"])("takes %s in every address field", (x) => {
    const fields = ["from_address", "extra_to", "cc", "bcc", "reply_to"];
    const content = email.content.parse({
      ...Object.fromEntries(fields.map((field) => [field, "{{x}}"])),
      from_name: "{{name}}",
      body: { type: "plain_text" },
    });
    const named = { ...content, cc: "{{name}} <{{x}}>" };
    const name = "D'Arcy & Co";
    expect(email.render(content, engine({ x, name }))).toMatchObject({
      from_name: name,
      from_address: x,
      extra_to: [x],
      cc: [x],
      bcc: [x],
      reply_to: x,
    });
    expect(email.render(named, engine({ x, name }))).toMatchObject({ cc: [`${name} <${x}>`] });
  });

  it("generates no text where the author wrote one", () => {
    const content = html("x", { raw: { html: "<p>x</p>", text: "mine" } });
    const completed = email.complete?.(content) ?? content;
    expect(completed.body).not.toHaveProperty("_generated_text");
    const plain = email.content.parse({ body: { type: "plain_text", plain_text: { text: "x" } } });
    expect(email.complete?.(plain)).toBe(plain);
  });

  it("copies the rules of style sheets into the elements, unless that is not wanted", () => {
    const source = "<style>p { margin: 0; color: {{color}} }</style><p>Hi</p>";
    const render = (content: ReturnType<typeof html>) =>
      email.render(content, engine({ color: "red" }))["html"];
    const inlined = '<style>p { margin: 0; color: red }</style><p style="margin: 0; color: red;">Hi</p>';
    expect(render(html(source))).toBe(inlined);
    expect(render(email.complete?.(html(source)) ?? html(""))).toBe(inlined);
    expect(render(html(source, { inline_css: false }))).toBe(
      "<style>p { margin: 0; color: red }</style><p>Hi</p>",
    );
  });

  it("renders MJML as HTML, with a text generated from it", () => {
    const content = email.content.parse({ subject: "S", body: { type: "mjml", mjml: { source: MJML } } });
    expect(email.findProblems(content)).toEqual({});
    const completed = email.complete?.(content) ?? content;
    const rendered = email.render(completed, engine({ name: "D'Arcy", rows: ["a", "b"] }));
    expect(rendered).toEqual(email.render(content, engine({ name: "D'Arcy", rows: ["a", "b"] })));
    expect(rendered["html"]).toContain("Hi D&#x27;Arcy");
    expect(rendered["html"]).toMatch(/<table[^]*>a<[^]*>b</);
    expect(rendered["text"]).toBe("Hi D'Arcy\na\nb");
  });

  it("tells where a mail is clipped", () => {
    const rendered = email.render(html(`<p>${"x".repeat(103 * 1024)}</p>`), engine());
    expect(email.notices?.(rendered)).toEqual(["the HTML has 104 KB: Gmail shows only the first 102 KB"]);
    expect(email.notices?.(email.render(html("<p>x</p>"), engine()))).toEqual([]);
  });

  it("cannot be made to inject a header", () => {
    const content = email.content.parse({
      subject: "{{x}}",
      from_name: "{{x}}",
      body: { type: "plain_text", plain_text: { text: "t" } },
    });
    const rendered = email.render(content, engine({ x: "Hi\r\nBcc: evil@x.com\0\u2028!" }));
    expect(rendered).toMatchObject({ subject: "Hi Bcc: evil@x.com !", from_name: "Hi Bcc: evil@x.com !" });
  });

  it("reads address lists and drops entries that rendered to nothing", () => {
    const content = email.content.parse({
      cc: "{{none}}, Ann Lee <Ann@X.com>,",
      bcc: '"Lee, \\"A\\"" <b@x.com>',
      reply_to: "a@x.com, b@x.com",
      extra_to: "{{none}}",
      body: { type: "plain_text" },
    });
    expect(email.render(content, engine())).toMatchObject({
      cc: ["Ann Lee <Ann@x.com>"],
      bcc: ['"Lee, \\"A\\"" <b@x.com>'],
      reply_to: "a@x.com, b@x.com",
      extra_to: [],
    });
  });

  it.each([
    ["cc", { cc: "{{x}}" }],
    ["from_address", { from_address: "{{x}}" }],
    ["reply_to", { reply_to: "{{x}}" }],
  ])("refuses a rendered %s that is no address", (path, fields) => {
    const content = email.content.parse({ ...fields, body: { type: "plain_text" } });
    expect(() => email.render(content, engine({ x: "nobody" }))).toThrow(
      expect.objectContaining({ name: "RenderError", path }),
    );
  });

  it("refuses more than a hundred further addresses", () => {
    const cc = Array.from({ length: 101 }, (_, i) => `a${i}@x.com`).join(",");
    const content = email.content.parse({ cc, body: { type: "plain_text" } });
    expect(() => email.render(content, engine())).toThrow(RenderError);
  });

  it("puts the preheader first into the body, escaped once", () => {
    const rendered = email.render(
      html("<BODY class='a>b'><p>x</p>", { preheader: "{{x}} & <b>" }),
      engine({ x: "<i>'" }),
    );
    expect(rendered["html"]).toMatch(
      /^<BODY class='a>b'><div style="display:none[^"]*">&lt;i&gt;&#x27; &amp; &lt;b&gt;(?:&#847;&zwnj;&nbsp;)+<\/div><p>x<\/p>$/,
    );
  });

  it("adds no preheader that rendered to nothing", () => {
    expect(email.render(html("<p>x</p>", { preheader: "{{none}}" }), engine())["html"]).toBe("<p>x</p>");
  });

  it("puts markup into the head with values escaped for JSON, and nothing in it can end the script", () => {
    const rendered = email.render(
      html("<html><head><title>t</title></head><body>x</body></html>", {
        email_markup: '{ "name": "{{x}}" }',
      }),
      engine({ x: 'a "b"\n</script><script>' }),
    );
    expect(rendered["html"]).toBe(
      String.raw`<html><head><script type="application/ld+json">{"name":"a \"b\"\n\u003c/script>\u003cscript>"}</script><title>t</title></head><body>x</body></html>`,
    );
  });

  it("refuses markup that is not JSON after rendering", () => {
    const content = html("x", { email_markup: '{"a": {{x}} }' });
    expect(() => email.render(content, engine({ x: "b" }))).toThrow(
      expect.objectContaining({ path: "body.email_markup" }),
    );
  });

  it("produces single-line headers for any value", () => {
    const content = email.content.parse({
      subject: "{{x}}",
      from_name: "{{x}}",
      body: { type: "plain_text" },
    });
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("\r", "\n", "\0", "\u0085", "\u2028", "\u2029", "a", " ") }),
        (x) => {
          const { subject, from_name } = email.render(content, engine({ x })) as RenderedEmail;
          expect([subject, from_name].join("")).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
        },
      ),
    );
  });
});
