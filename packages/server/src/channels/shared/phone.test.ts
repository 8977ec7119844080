import { describe, expect, it } from "vitest";
import sms from "../sms.ts";
import whatsapp from "../whatsapp.ts";

describe.each([
  ["sms", sms],
  ["whatsapp", whatsapp],
] as const)("%s identities", (channel, definition) => {
  it.each([
    ["+14155552671", "+14155552671"],
    [" +1 (415) 555-2671 ", "+14155552671"],
    ["+4402079460958", "+442079460958"],
    ["+919876543210", "+919876543210"],
    ["+8613800138000", "+8613800138000"],
    // Not given out to anybody.
    ["+1234567890", "+1234567890"],
    ["+15555555555", "+15555555555"],
    ["+15550001234", "+15550001234"],
    ["+1415555", "+1415555"],
  ])("keeps %j as %s", (input, number) => {
    expect(definition.parseIdentity(input, {})).toEqual({
      ok: true,
      identity: { value: number, key: number, provider: "", device_id: null, bundle_id: null },
    });
  });

  it.each([
    ["no country code", "4155552671"],
    ["a double zero for the plus", "004915112345678"],
    ["no such country", "+999123456789"],
    ["too short", "+12"],
    ["too long", "+1415555267100000"],
    ["letters", "+1415555CALL"],
    ["an extension", "+14155552671;ext=5"],
    ["nothing", ""],
    ["a plus", "+"],
    ["text around it", "call +14155552671"],
    ["very much", `+${"1".repeat(100_000)}`],
  ])("refuses %s", (_title, input) => {
    expect(definition.parseIdentity(input, {})).toEqual({
      ok: false,
      reason: "error while parsing number to E164 format",
    });
  });

  it.each([14_155_552_671, null, ["+14155552671"], { value: "+14155552671" }])(
    "refuses %j, which is not a string",
    (input) => {
      expect(definition.parseIdentity(input, {})).toEqual({
        ok: false,
        reason: `$${channel}: value must be of string type`,
      });
    },
  );
});
