import { describe, expect, it } from "vitest";
import { dltMessage, formFields, jsonReply, smsMessage } from "../../../test/outside/phone-messages.ts";
import { sendThrough, vendorContract, webhookRequest } from "../../../test/outside/vendor-contract.ts";
import gupshup from "./gupshup.ts";

const config = {
  user_id: "2000193891",
  password: "gupshup-password",
  sender: "ACMEIN",
  entity_id: "1601100000000000654",
};

vendorContract(gupshup, {
  config,
  message: smsMessage(),
  refused: [{}, { ...config, user_id: "ann" }, { ...config, password: "" }, { ...config, entity_id: "x" }],
});

const success = { response: { id: "3632784387-1", phone: "919876543210", details: "", status: "success" } };
const text = (body: string, status = 200) => ({ status, headers: {}, body });

describe("an SMS", () => {
  it("is a form with what the DLT registry knows of it", async () => {
    const { outcome, requests } = await sendThrough(gupshup, config, dltMessage("gupshup-sms"), () =>
      jsonReply(200, success),
    );
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "3632784387-1" });
    expect(requests[0]).toMatchObject({
      method: "POST",
      url: "https://enterprise.smsgupshup.com/GatewayAPI/rest",
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    expect(formFields(requests[0]?.body)).toEqual({
      userid: "2000193891",
      password: "gupshup-password",
      auth_scheme: "plain",
      v: "1.1",
      format: "json",
      method: "SendMessage",
      send_to: "919876543210",
      msg: "Dear Ann, your code is 123456",
      msg_type: "TEXT",
      mask: "ACMECO",
      principalEntityId: "1601100000000000654",
      dltTemplateId: "1107161191448698079",
      msg_id: "acme-workspace-01JD0000000000000000000000",
    });
  });

  it("of other characters says so, and leaves out what is unknown", async () => {
    const settings = { user_id: config.user_id, password: config.password };
    const { requests } = await sendThrough(gupshup, settings, smsMessage({ body: "नमस्ते" }), () =>
      jsonReply(200, success),
    );
    const form = formFields(requests[0]?.body);
    expect(form).toMatchObject({ msg: "नमस्ते", msg_type: "Unicode_Text" });
    expect(form).not.toHaveProperty("mask");
    expect(form).not.toHaveProperty("dltTemplateId");
  });

  it.each([
    [102, "config"],
    [106, "config"],
    [124, "config"],
    [175, "config"],
    [105, "message"],
  ])("that is refused with %i fails as %s", async (id, kind) => {
    const failed = { kind: "failed", class: kind, code: String(id), message: "no" };
    const json = { response: { id: String(id), phone: "", details: "no", status: "error" } };
    const one = await sendThrough(gupshup, config, smsMessage(), () => jsonReply(200, json));
    expect(one.outcome).toEqual(failed);
    const other = await sendThrough(gupshup, config, smsMessage(), () => text(`error | ${id} | no`));
    expect(other.outcome).toEqual(failed);
  });

  it("is accepted in either form", async () => {
    const { outcome } = await sendThrough(gupshup, config, smsMessage(), () =>
      text("success | 919876543210 | 728014710863298817-1234567890"),
    );
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "728014710863298817-1234567890" });
  });
});

const read = (request: object) => gupshup.webhook?.read(webhookRequest(request));
const id = "356270749879498905-w1-01JD0000000000000000000000";
const about = {
  message_id: "01JD0000000000000000000000",
  vendor_message_id: id,
  address: "919892488888",
  at: 1_526_347_800_000,
};
const event = (more: object) => ({
  externalId: id,
  eventTs: 1_526_347_800_000,
  destAddr: 919892488888,
  srcAddr: "TESTIN",
  channel: "SMS",
  ...more,
});

describe("reports", () => {
  it("come in lists, as a form or as JSON", () => {
    const response = [
      event({ eventType: "DELIVERED", cause: "SUCCESS", errCode: "000" }),
      event({ eventType: "OTHER" }),
      event({ eventType: "FAILED", cause: "ABSENT_SUBSCRIBER", errorCode: "001" }),
      { eventType: "DELIVERED" },
    ];
    const expected = [
      { kind: "status", ...about, status: "delivered", reason: null },
      { kind: "status", ...about, status: "delivery_failure", reason: "001: ABSENT_SUBSCRIBER" },
    ];
    expect(read({ form: { response: JSON.stringify(response) } })).toEqual(expected);
    expect(read({ json: { response } })).toEqual(expected);
    expect(read({ json: response })).toEqual(expected);
  });

  it("come one by one as a query", () => {
    const query = new URLSearchParams({
      externalId: "356270749879498905-328736121207676738",
      deliveredTS: "1526347800000",
      status: "SUCCESS",
      cause: "SUCCESS",
      phoneNo: "919892488888",
      errCode: "000",
    });
    const url = `https://notify.acme.test/webhook/gupshup/sms/?${query.toString()}`;
    expect(read({ method: "GET", url, body: Buffer.alloc(0) })).toEqual([
      {
        kind: "status",
        ...about,
        message_id: null,
        vendor_message_id: "356270749879498905-328736121207676738",
        status: "delivered",
        reason: null,
      },
    ]);
  });

  it.each([
    ["002", "CALL_BARRED"],
    ["003", "UNKNOWN_SUBSCRIBER"],
    ["004", "SERVICE_DOWN"],
    ["005", "SYSTEM_FAILURE"],
    ["006", "DND_FAIL"],
    ["007", "BLOCKED"],
    ["008", "DND_TIMEOUT"],
    ["009", "OUTSIDE_WORKING_HOURS"],
    ["00a", "OTHER"],
    ["00b", "BLOCKED_MASK"],
    ["038", "MSG_DOES_NOT_MATCH_TEMPLATE"],
    ["067", "HEADER_NOT_FOUND"],
    ["070", "HEADER_RESERVED"],
    ["074", "TEMPLATE_NOT_MATCHED"],
    ["", "HEADER_NOT_REGISTERED_FOR_TEMPLATE"],
    ["", "TEMPLATE_NOT_FOUND"],
  ])("of the failure %s %s leave the number alone", (errorCode, cause) => {
    const reason = errorCode === "" ? cause : `${errorCode}: ${cause}`;
    expect(read({ json: { response: [event({ eventType: "FAILED", cause, errorCode })] } })).toEqual([
      { kind: "status", ...about, status: "delivery_failure", reason },
    ]);
  });
});
