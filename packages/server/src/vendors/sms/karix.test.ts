import { describe, expect, it } from "vitest";
import { dltMessage, jsonReply, smsMessage } from "../../../test/outside/phone-messages.ts";
import { sendThrough, vendorContract, webhookRequest } from "../../../test/outside/vendor-contract.ts";
import karix from "./karix.ts";

const config = { account_key: "account-key-of-karix", sender: "ACMEIN", entity_id: "110100001" };

vendorContract(karix, {
  config,
  message: smsMessage(),
  refused: [{}, { ...config, account_key: "" }, { ...config, sender: "longer than fifteen" }],
});

const answer = (code: string, desc: string) =>
  jsonReply(200, { ackid: "180206010208", time: "2026-01-02 03:04:05", status: { code, desc } });

describe("an SMS", () => {
  it("carries our id and what the DLT registry knows of it", async () => {
    const { outcome, requests } = await sendThrough(karix, config, dltMessage("karix-sms"), () =>
      answer("200", "Request accepted"),
    );
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "180206010208" });
    expect(requests[0]).toMatchObject({
      method: "POST",
      url: "https://japi.instaalerts.zone/httpapi/JsonReceiver",
    });
    expect(JSON.parse(String(requests[0]?.body))).toEqual({
      ver: "1.0",
      key: "account-key-of-karix",
      encrpt: "0",
      messages: [
        {
          dest: ["919876543210"],
          text: "Dear Ann, your code is 123456",
          send: "ACMECO",
          type: "PM",
          dlr_req: "1",
          cust_ref: "01JD0000000000000000000000",
          dlt_entity_id: "110100001",
          dlt_template_id: "1107161191448698079",
        },
      ],
    });
  });

  it("of other characters says so", async () => {
    const { requests } = await sendThrough(karix, config, smsMessage({ body: "नमस्ते" }), () =>
      answer("200", "ok"),
    );
    expect(JSON.parse(String(requests[0]?.body))).toMatchObject({
      messages: [{ text: "नमस्ते", type: "UC", send: "ACMEIN" }],
    });
  });

  it.each([
    ["-1003", "Invalid account key", "config"],
    ["-1004", "IP not allowed", "config"],
    ["-1005", "Insufficient balance", "config"],
    ["-1006", "Invalid destination", "recipient"],
    ["-1007", "Message text missing", "message"],
  ])("that is refused with %s (%s) fails as %s", async (code, desc, kind) => {
    const { outcome } = await sendThrough(karix, config, smsMessage(), () => answer(code, desc));
    expect(outcome).toEqual({ kind: "failed", class: kind, code, message: desc });
  });

  it("that is not answered as documented is judged by its status", async () => {
    const { outcome } = await sendThrough(karix, config, smsMessage(), () => jsonReply(503, {}));
    expect(outcome).toMatchObject({ class: "transient", code: "http_503" });
  });
});

describe("a report", () => {
  const read = (form: Record<string, string>) => karix.webhook?.read(webhookRequest({ form }));
  const about = { message_id: "01JD", vendor_message_id: "180206010208", address: "919876543210", at: null };
  const fields = { cust_ref: "01JD", ackid: "180206010208", dest: "919876543210" };

  it.each([
    ["DELIVRD", "delivered"],
    ["Delivered", "delivered"],
    ["SUBMITTED", "sent_by_vendor"],
  ])("%s means %s", (status, reached) => {
    expect(read({ ...fields, status })).toEqual([
      { kind: "status", ...about, status: reached, reason: null },
    ]);
  });

  it.each(["UNDELIV", "EXPIRED", "REJECTD", "failed"])("%s is a failure", (status) => {
    const lost = { kind: "status", ...about, status: "delivery_failure" };
    expect(read({ ...fields, status, reason: "Absent subscriber" })).toEqual([
      { ...lost, reason: "Absent subscriber" },
    ]);
    expect(read({ ...fields, status })).toEqual([{ ...lost, reason: status }]);
  });

  it("of an unknown end is left out; its fields may have other names", () => {
    expect(read({ ...fields, status: "UNKNOWN" })).toEqual([]);
    expect(read({ custref: "01JD", mid: "1", mobile: "91", stat: "DELIVRD" })).toMatchObject([
      { message_id: "01JD", vendor_message_id: "1", address: "91", status: "delivered" },
    ]);
  });
});
