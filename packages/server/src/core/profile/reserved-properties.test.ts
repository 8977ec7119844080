import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkReservedProperty, readPropertyKey } from "./reserved-properties.ts";

describe("$timezone", () => {
  it.each([
    ["America/New_York", "America/New_York"],
    ["Asia/Kolkata", "Asia/Kolkata"],
    ["Asia/Calcutta", "Asia/Calcutta"],
    ["America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"],
    ["US/Pacific", "US/Pacific"],
    ["Etc/GMT+5", "Etc/GMT+5"],
    ["UTC", "UTC"],
    ["Japan", "Japan"],
    [" asia/kolkata ", "Asia/Kolkata"],
    ["europe/berlin", "Europe/Berlin"],
  ])("accepts %j", (input, value) => {
    expect(checkReservedProperty("$timezone", input)).toEqual({ ok: true, value });
  });

  it.each([
    "EST",
    "PST",
    "IST",
    "CET",
    "PST8PDT",
    "Z",
    "+05:30",
    "UTC+5:30",
    "GMT+5",
    "Mars/Olympus",
    "America/",
    "",
    "x".repeat(5000),
  ])("refuses %j", (input) => {
    const result = checkReservedProperty("$timezone", input);
    expect(result).toEqual({ ok: false, reason: expect.stringMatching(/^invalid timezone: /) });
  });

  it("accepts every zone that the runtime lists", () => {
    for (const zone of Intl.supportedValuesOf("timeZone")) {
      expect(checkReservedProperty("$timezone", zone)).toEqual({ ok: true, value: zone });
    }
  });

  it("accepts only zones that dates can be printed in", () => {
    const parts = fc.constantFrom(
      "America",
      "Asia",
      "/",
      "Kolkata",
      "GMT",
      "+5",
      "_",
      "utc",
      "EST",
      "Etc",
      "a",
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 4 }), (words) => {
        const result = checkReservedProperty("$timezone", words.join(""));
        const timeZone = result.ok ? result.value : "UTC";
        expect(() => new Intl.DateTimeFormat("en", { timeZone })).not.toThrow();
      }),
    );
  });
});

describe("$locale and $preferred_language", () => {
  it.each(["en", "en-GB", "en_GB", "es-419", "zh-Hans-CN", "zh_Hant", "fil", "EN", " de "])(
    "accept %j",
    (input) => {
      expect(checkReservedProperty("$locale", input)).toEqual({ ok: true, value: input.trim() });
      expect(checkReservedProperty("$preferred_language", input)).toEqual({ ok: true, value: input.trim() });
    },
  );

  it.each([
    ["xx", "xx"],
    ["english", "english"],
    ["en-", "en-"],
    ["en-GBR", "en-GBR"],
    ["en-GB-oed", "en-GB-oed"],
    ["e", "e"],
    ["", ""],
    [5, "5"],
    [{ a: 1 }, '{"a":1}'],
  ])("refuse %j in the wire's words", (input, shown) => {
    expect(checkReservedProperty("$locale", input)).toEqual({
      ok: false,
      reason: `invalid locale/language: '${shown}'`,
    });
    expect(checkReservedProperty("$preferred_language", input)).toEqual({
      ok: false,
      reason: `invalid language: ${shown}`,
    });
  });
});

describe("readPropertyKey", () => {
  it.each([
    ["name", "name"],
    ["  name ", "name"],
    ["constructor", "constructor"],
    ["a.b", "a.b"],
    ["größe", "größe"],
    ["ssn", "ssn"],
  ])("reads %j", (raw, key) => {
    expect(readPropertyKey(raw)).toEqual({ ok: true, key });
  });

  it.each(["", "  ", "$name", " $name", "ss_x", "SS_x", "__proto__"])("refuses %j", (raw) => {
    expect(readPropertyKey(raw)).toMatchObject({ ok: false });
  });
});
