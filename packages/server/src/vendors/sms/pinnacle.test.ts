import { describe, expect, it } from "vitest";
import { dltMessage, jsonReply, smsMessage } from "../../../test/outside/phone-messages.ts";
import { sendThrough, vendorContract, webhookRequest } from "../../../test/outside/vendor-contract.ts";
import pinnacle from "./pinnacle.ts";

const config = { api_key: "api-key-of-pinnacle", sender: "ACMEIN", entity_id: "110100001" };

vendorContract(pinnacle, {
  config,
  message: smsMessage(),
  refused: [{}, { ...config, api_key: "" }, { ...config, entity_id: "x" }],
});

const success = jsonReply(200, {
  code: 200,
  status: "success",
  data: [{ mobile: "919876543210", uniqueid: "u-1" }],
});

describe("an SMS", () => {
  it("carries our id and what the DLT registry knows of it", async () => {
    const { outcome, requests } = await sendThrough(
      pinnacle,
      config,
      dltMessage("pinnacle-sms"),
      () => success,
    );
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "u-1" });
    expect(requests[0]).toMatchObject({
      method: "POST",
      url: "https://api.pinnacle.in/index.php/sms/json",
      headers: { apikey: "api-key-of-pinnacle" },
    });
    expect(JSON.parse(String(requests[0]?.body))).toEqual({
      sender: "ACMECO",
      message: [
        {
          number: "919876543210",
          text: "Dear Ann, your code is 123456",
          clientuid: "01JD0000000000000000000000",
        },
      ],
      messagetype: "TXT",
      dltentityid: "110100001",
      dlttempid: "1107161191448698079",
    });
  });

  it("of other characters says so, and leaves out what is unknown", async () => {
    const { requests } = await sendThrough(
      pinnacle,
      { api_key: config.api_key, sender: "ACMEIN" },
      smsMessage({ body: "नमस्ते" }),
      () => success,
    );
    const json: unknown = JSON.parse(String(requests[0]?.body));
    expect(json).toMatchObject({ messagetype: "UNI" });
    expect(json).not.toHaveProperty("dlttempid");
    expect(json).not.toHaveProperty("dltentityid");
  });

  it.each([
    [200, "EC1003", "config"],
    [200, "EC1004", "config"],
    [200, "EC1013", "message"],
    [200, "EC1009", "transient"],
    [200, "EC1010", "transient"],
    [200, "EC9999", "message"],
    [401, "EC1001", "config"],
  ])("that is refused with %i %s fails as %s", async (status, code, kind) => {
    const { outcome } = await sendThrough(pinnacle, config, smsMessage(), () =>
      jsonReply(status, { code, status: "error", msg: "no" }),
    );
    expect(outcome).toEqual({ kind: "failed", class: kind, code, message: "no" });
  });
});

describe("a report", () => {
  const read = (json: object) => pinnacle.webhook?.read(webhookRequest({ json }));
  const fields = { clientuid: "01JD", uniqueid: "u-1", mobile: "919876543210" };
  const about = { message_id: "01JD", vendor_message_id: "u-1", address: "919876543210", at: null };

  it("says how far the message came", () => {
    expect(read({ ...fields, status: "DELIVRD" })).toEqual([
      { kind: "status", ...about, status: "delivered", reason: null },
    ]);
    expect(read({ ...fields, status: "SUBMITTED" })).toMatchObject([{ status: "sent_by_vendor" }]);
    expect(read({ ...fields, status: "UNDELIV", reason: "absent" })).toEqual([
      { kind: "status", ...about, status: "delivery_failure", reason: "absent" },
    ]);
    expect(read({ ...fields, status: "PENDING" })).toEqual([]);
  });
});
