import { describe, expect, it } from "vitest";
import { CHANNELS } from "./channel.ts";
import { readTestMode } from "./test-mode.ts";

const ON = "2026-01-01T00:00:00Z";
const ALL = CHANNELS.filter((channel) => channel !== "inbox");

describe("test mode of a workspace", () => {
  it.each([
    [undefined],
    [null],
    ["test_mode"],
    [{}],
    [{ test_mode: null }],
    [{ test_mode: true }],
    [{ test_mode: { channels: ["email"] } }],
    [{ test_mode: { enabled_at: null } }],
    [{ test_mode: { enabled_at: false } }],
    [JSON.parse('{"__proto__": {"test_mode": {"enabled_at": "2026-01-01"}}}')],
  ])("is off with %j", (config) => {
    expect(readTestMode(config)).toBeNull();
  });

  it("is read as it is stored", () => {
    const test_mode = {
      enabled_at: ON,
      channels: ["sms", "email"],
      test_values: ["qa@example.com", "+14155550100"],
      catch_all: { email: "all@example.com" },
    };
    expect(readTestMode({ test_mode })).toEqual({
      channels: new Set(["email", "sms"]),
      test_values: ["qa@example.com", "+14155550100"],
      catch_all: new Map([["email", "all@example.com"]]),
    });
  });

  it.each([
    ["all channels where none are listed", {}, ALL],
    ["all channels where the list is none", { channels: "email" }, ALL],
    ["only channels that there are", { channels: ["email", "pigeon", 5, "__proto__"] }, ["email"]],
    ["no channel when the list is empty", { channels: [] }, []],
    ["everything but the inbox", { channels: ["inbox", "slack"] }, ["slack"]],
  ])("holds for %s", (_title, settings, expected) => {
    const mode = readTestMode({ test_mode: { enabled_at: ON, ...settings } });
    expect([...(mode?.channels ?? [])]).toEqual(expected);
  });

  it("takes nothing that is malformed for an address", () => {
    const malformed = {
      enabled_at: true,
      test_values: { 0: "qa@example.com" },
      catch_all: ["all@example.com"],
    };
    expect(readTestMode({ test_mode: malformed })).toMatchObject({ test_values: [], catch_all: new Map() });
    const unknown = JSON.parse('{"__proto__": "a@example.com", "pigeon": "b", "email": null, "sms": "+1"}');
    expect(readTestMode({ test_mode: { enabled_at: ON, catch_all: unknown } })?.catch_all).toEqual(
      new Map([["sms", "+1"]]),
    );
  });
});
