import { describe, expect, it } from "vitest";
import { contentText } from "../../test/content-text.ts";
import sms from "./sms.ts";

const problems = (draft: object) => sms.findProblems(sms.content.parse(draft));

describe("sms content", () => {
  it.each([
    ["an empty draft", {}, { body: ["missing"] }],
    ["a basic message", { body: "Hi {{name}}" }, {}],
    ["helpers in a basic message", { body: "{{#if a}}x{{/if}}" }, {}],
    ["an unknown type", { type: "mms", body: "x" }, { type: ["must be one of ['basic' 'dlt']"] }],
    [
      "a DLT message without its registration",
      { type: "dlt", body: "x" },
      { category: ["missing"], header: ["missing"] },
    ],
    [
      "a DLT message",
      {
        type: "dlt",
        body: "Hi {{name}} {{[full name]}} {{ a.b }}",
        category: "promotional",
        header: "ACMECO",
      },
      {},
    ],
    [
      "a DLT category nobody registers",
      { type: "dlt", body: "x", category: "other", header: "ACMECO" },
      { category: ["must be one of ['transactional' 'promotional' 'service_implicit' 'service_explicit']"] },
    ],
    [
      "a DLT header that is too long",
      { type: "dlt", body: "x", category: "promotional", header: "A".repeat(17) },
      { header: ["must contain at maximum 16 characters"] },
    ],
  ])("has the right problems: %s", (_title, draft, expected) => {
    expect(problems(draft)).toEqual(expected);
  });

  it.each(["{{#if a}}x{{/if}}", "{{uppercase a}}", "{{> p}}", "{{^a}}x{{/a}}", "{{! note }}"])(
    "allows only variables in a DLT body, so not %s",
    (body) => {
      expect(problems({ type: "dlt", category: "promotional", header: "ACMECO", body })).toEqual({
        body: ["only variables are allowed in a DLT template"],
      });
    },
  );

  it("allows no double space in a DLT body", () => {
    expect(problems({ type: "dlt", category: "promotional", header: "ACMECO", body: "a  b" })).toEqual({
      body: ["double spaces are not allowed in a DLT template"],
    });
  });

  it("renders body and header", () => {
    const content = sms.content.parse({ body: "Hi {{x}}", header: "{{x}}" });
    expect(sms.render(content, (source) => source.replace("{{x}}", "Ann"))).toMatchObject({
      type: "basic",
      body: "Hi Ann",
      header: "Ann",
    });
  });

  it("gives the values of a DLT message by their places", () => {
    const content = sms.content.parse({
      type: "dlt",
      category: "x",
      header: "ACME",
      body: "{{a}} to {{b}}, {{a}}",
    });
    expect(sms.render(content, contentText({ a: "O'Neil", b: 2 }))).toMatchObject({
      body: "O&#x27;Neil to 2, O&#x27;Neil",
      parameters: ["O'Neil", "2", "O'Neil"],
    });
    expect(() => sms.render(content, contentText({ a: "x".repeat(31), b: 2 }))).toThrow(
      "body: the value of {{a}} has more than 30 characters",
    );
    expect(sms.render({ ...content, type: "basic" }, contentText({ a: 1, b: 2 }))).not.toHaveProperty(
      "parameters",
    );
  });
});
