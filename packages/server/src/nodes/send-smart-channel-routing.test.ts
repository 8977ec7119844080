import { describe, expect, it } from "vitest";
import type { JsonObject } from "../core/json.ts";
import type { DeliveryRequest, NodeContext } from "../engine/node.ts";
import smart from "./send-smart-channel-routing.ts";

const HOUR = 3_600_000;

/** The node's delivery request with these settings; `found` is the result of its expression. */
function deliver(properties: JsonObject, found: unknown = null): DeliveryRequest | string {
  let asked: DeliveryRequest | undefined;
  const ctx = {
    evaluate: () => ({ ok: true, value: found }),
    deliver: (request: DeliveryRequest) => (asked = request),
  } as unknown as NodeContext;
  const outcome = smart.run(ctx, smart.config.parse({ template: "text", ...properties }));
  if (outcome.kind === "fail") return outcome.message;
  expect(outcome).toEqual({ kind: "next" });
  return asked ?? "nothing";
}

/** Paths and reasons of refused settings. */
function refusals(properties: JsonObject): string[] {
  const parsed = smart.config.safeParse({ template: "text", ...properties });
  return parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

describe("the smart routing node", () => {
  it("routes all live channels for an hour until a message was seen, by default", () => {
    expect(deliver({})).toEqual({
      template: "text",
      channels: null,
      routing: { ttl_ms: HOUR, mandatory_channels: [], success: "seen", success_is_event: false },
    });
  });

  it("accepts every setting of the wire, and null where unset", () => {
    const settings = {
      channels: ["email", "sms"],
      channels_expr: null,
      ttl_value: "1d2h",
      mandatory_channels: ["sms"],
      routing_basis: "cost_low_to_high",
      success: "delivered",
      success_is_event: false,
    };
    expect(deliver(settings)).toEqual({
      template: "text",
      channels: ["email", "sms"],
      routing: {
        ttl_ms: 26 * HOUR,
        mandatory_channels: ["sms"],
        success: "delivered",
        success_is_event: false,
      },
    });
    const unset = Object.fromEntries(Object.keys(settings).map((key) => [key, null]));
    expect(deliver(unset)).toEqual(deliver({}));
  });

  it.each([
    ["interaction", "interaction"],
    ["interacted", "interaction"],
    ["click", "interaction"],
    ["seen", "seen"],
  ])("understands success %s as %s", (success, metric) => {
    expect(deliver({ success })).toMatchObject({ routing: { success: metric, success_is_event: false } });
  });

  it("accepts any event name, even that of a status", () => {
    for (const success of ["Order Paid", "seen", "interacted", "__proto__", "заказ"]) {
      expect(deliver({ success, success_is_event: true })).toMatchObject({
        routing: { success, success_is_event: true },
      });
    }
  });

  it("takes a channel or a list from its expression instead of `channels`, and ends the run on anything else", () => {
    const settings = { channels: ["email"], channels_expr: ".to" };
    expect(deliver(settings, ["sms"])).toMatchObject({ channels: ["sms"] });
    expect(deliver(settings, "sms")).toMatchObject({ channels: ["sms"] });
    for (const found of [null, 1, {}, ["fax"], ["sms", null], "constructor"]) {
      expect(deliver(settings, found)).toMatch(/^channels: error evaluating jq-expression \.to: must give/);
    }
  });

  it.each<[JsonObject, string]>([
    [{ ttl_value: "1.5h" }, "ttl_value"],
    [{ ttl_value: "" }, "ttl_value"],
    [{ ttl_value: 3600 }, "ttl_value"],
    [{ ttl_value: "366d" }, "ttl_value"],
    [{ ttl_value: "9".repeat(400) + "d" }, "ttl_value"],
    [{ mandatory_channels: ["fax"] }, "mandatory_channels.0"],
    [{ mandatory_channels: "sms" }, "mandatory_channels"],
    [{ channels: ["__proto__"] }, "channels.0"],
    [{ routing_basis: "random" }, "routing_basis"],
    [{ success: "read" }, "success"],
    [{ success: "" }, "success"],
    [{ success: "  ", success_is_event: true }, "success"],
    [{ success_is_event: true }, "success"],
    [{ success: "x".repeat(256), success_is_event: true }, "success"],
    [{ template: "" }, "template"],
  ])("refuses %j, naming %s", (properties, place) => {
    expect(refusals(properties).map((text) => text.slice(0, text.indexOf(":")))).toContain(place);
  });
});
