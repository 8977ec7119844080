import { describe, expect, it } from "vitest";
import { configOf, fieldsOf, settingsOf } from "./settings-form.ts";

const SCHEMA = {
  type: "object",
  properties: {
    host: { type: "string", title: "Host" },
    port: { type: "integer", default: 587 },
    secure: { type: "boolean", default: false },
    token: { type: "string", "x-secret": true, description: "Signs." },
    region: { enum: ["eu", "us"], default: "eu" },
    headers: { type: "object", title: "Headers" },
  },
  required: ["host", "port", "token"],
};

describe("the form of a vendor's settings", () => {
  const settings = settingsOf(SCHEMA);

  it("has a field for each, of its kind, and asks for what has no default", () => {
    expect(settings.map(({ name, kind, isRequired }) => [name, kind, isRequired])).toEqual([
      ["host", "text", true],
      ["port", "number", false],
      ["secure", "flag", false],
      ["token", "secret", true],
      ["region", "choice", false],
      ["headers", "json", false],
    ]);
    expect(settings[0]?.title).toBe("Host");
    expect(settings[4]?.choices).toEqual(["eu", "us"]);
  });

  it("gives back the settings that it was made from", () => {
    const config = {
      host: "mail.example.com",
      port: 25,
      secure: true,
      token: "•••",
      region: "us",
      headers: { a: 1 },
    };
    expect(configOf(settings, fieldsOf(settings, config))).toEqual(config);
  });

  it("begins with the defaults, and leaves out what was left blank", () => {
    expect(configOf(settings, fieldsOf(settings, {}))).toEqual({
      host: "",
      port: 587,
      secure: false,
      token: "",
      region: "eu",
    });
  });

  it("names the field whose JSON is none", () => {
    const fields = { ...fieldsOf(settings, {}), headers: "{" };
    expect(() => configOf(settings, fields)).toThrow(/^Headers is no JSON: /);
  });
});
