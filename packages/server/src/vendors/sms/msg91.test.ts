import { describe, expect, it } from "vitest";
import { dltMessage, jsonReply, smsMessage } from "../../../test/outside/phone-messages.ts";
import { sendThrough, vendorContract, webhookRequest } from "../../../test/outside/vendor-contract.ts";
import msg91 from "./msg91.ts";

const config = { auth_key: "auth-key-of-msg91" };

vendorContract(msg91, {
  config,
  message: dltMessage("msg91-sms"),
  refused: [{}, { auth_key: "" }, { ...config, variable_prefix: "1" }],
});

describe("an SMS", () => {
  it("is the id of its flow, with its values by name", async () => {
    const { outcome, requests } = await sendThrough(msg91, config, dltMessage("msg91-sms"), () =>
      jsonReply(200, { type: "success", message: "3763646c3058373530393938" }),
    );
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "3763646c3058373530393938" });
    expect(requests[0]).toMatchObject({
      method: "POST",
      url: "https://control.msg91.com/api/v5/flow/",
      headers: { authkey: "auth-key-of-msg91", "content-type": "application/json" },
    });
    expect(JSON.parse(String(requests[0]?.body))).toEqual({
      template_id: "65f0c0ffee",
      short_url: "0",
      recipients: [{ mobiles: "919876543210", VAR1: "Ann", VAR2: "123456" }],
    });
  });

  it("names its values as the settings say", async () => {
    const message = dltMessage("msg91-sms");
    const { requests } = await sendThrough(
      msg91,
      { ...config, variable_prefix: "wert" },
      { ...message, content: { ...message.content, parameters: ["Grüße ✓"] } },
      () => jsonReply(200, { type: "success", message: "1" }),
    );
    expect(JSON.parse(String(requests[0]?.body))).toMatchObject({ recipients: [{ wert1: "Grüße ✓" }] });
  });

  it("is not sent without its flow", async () => {
    const { outcome, requests } = await sendThrough(msg91, config, smsMessage(), () => jsonReply(200, {}));
    expect(outcome).toMatchObject({ class: "message", code: "template_not_approved" });
    expect(requests).toEqual([]);
  });

  it.each([
    [401, { type: "error", message: "Unauthorized", code: "201" }, "config", "201"],
    [200, { type: "error", message: "Invalid authkey", code: "201" }, "config", "201"],
    [200, { type: "error", message: "IP is not whitelisted", apiError: "418" }, "config", "418"],
    [200, { type: "error", message: "Insufficient balance" }, "config", "http_200"],
    [200, { type: "error", message: "template id missing" }, "message", "http_200"],
    [200, { type: "error", message: "Invalid mobile number" }, "recipient", "http_200"],
    [429, { type: "error", message: "slow down" }, "throttled", "http_429"],
    [500, {}, "transient", "http_500"],
  ])("that is refused with %i %j fails as %s", async (status, json, kind, code) => {
    const { outcome } = await sendThrough(msg91, config, dltMessage("msg91-sms"), () =>
      jsonReply(status, json),
    );
    expect(outcome).toMatchObject({ kind: "failed", class: kind, code });
  });
});

describe("a report", () => {
  const read = (request: object) => msg91.webhook?.read(webhookRequest(request));
  const about = {
    message_id: null,
    vendor_message_id: "346130",
    address: "919876543210",
    at: Date.UTC(2024, 4, 22, 4, 36, 20),
  };
  const report = (status: string, more: object = {}) => ({
    date: "2024-05-22 10:06:20",
    number: "919876543210",
    status,
    desc: "SAID",
    ...more,
  });
  const form = (...requests: object[]) => read({ form: { data: JSON.stringify(requests) } });

  it("of version 2 comes in lists within a form", () => {
    const lists = form(
      { requestId: "346130", report: [report("1"), report("26")] },
      { requestId: "346130", report: [report("2", { failedReason: "absent" })] },
      { report: [report("1")] },
    );
    expect(lists).toEqual([
      { kind: "status", ...about, status: "delivered", reason: null },
      { kind: "status", ...about, status: "delivery_failure", reason: "2: absent" },
    ]);
  });

  it("of version 3 comes alone, as JSON", () => {
    expect(read({ json: { requestId: "346130", ...report("1") } })).toEqual([
      { kind: "status", ...about, status: "delivered", reason: null },
    ]);
  });

  it.each([
    ["2", "failed"],
    ["9", "on the national do-not-disturb list"],
    ["16", "rejected"],
    ["17", "blocked number"],
    ["25", "rejected"],
  ])("%s is a failure: %s", (status, meaning) => {
    expect(form({ requestId: "346130", report: [report(status, { desc: "" })] })).toEqual([
      { kind: "status", ...about, status: "delivery_failure", reason: `${status}: ${meaning}` },
    ]);
  });
});
