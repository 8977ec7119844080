import { describe, expect, it } from "vitest";
import {
  FULL_TEMPLATE,
  jsonReply,
  TEXT_HEADER,
  whatsappMessage,
} from "../../../test/outside/phone-messages.ts";
import { sendThrough, vendorContract, webhookRequest } from "../../../test/outside/vendor-contract.ts";
import netcore from "./netcore.ts";

const config = { api_key: "api-key-of-netcore", source: "461089f9-1000-4211-b182-c7f0291f3d45" };
const slug = "netcore-whatsapp";

vendorContract(netcore, {
  config,
  message: whatsappMessage(slug),
  refused: [{}, { ...config, source: "" }, { ...config, base_url: "http://a.test/" }],
});

const success = jsonReply(200, { status: "success", message: "ok", data: { id: "nc-1" } });
const sending = async (message = whatsappMessage(slug)) => {
  const { outcome, requests } = await sendThrough(netcore, config, message, () => success);
  const [request] = requests;
  return { outcome, request, json: JSON.parse(String(request?.body ?? "null")) as unknown };
};

describe("a WhatsApp message", () => {
  it("names its template, with the body's values in order", async () => {
    const message = whatsappMessage(slug);
    const { outcome, request, json } = await sending(message);
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "nc-1" });
    expect(request).toMatchObject({
      method: "POST",
      url: "https://waapi.pepipost.com/api/v2/message/",
      headers: { authorization: "Bearer api-key-of-netcore" },
    });
    expect(json).toEqual({
      message: [
        {
          recipient_whatsapp: "4915112345678",
          recipient_type: "individual",
          message_type: "template",
          source: config.source,
          "x-apiheader": message.message_id,
          type_template: [
            {
              name: "order_shipped_en_v1",
              attributes: ["Ann", "42"],
              language: { locale: "en_US", policy: "deterministic" },
            },
          ],
        },
      ],
    });
  });

  it("carries its header's document and the variable end of a button's address", async () => {
    const { json } = await sending(whatsappMessage(slug, FULL_TEMPLATE));
    expect(json).toMatchObject({
      message: [
        {
          message_type: "media_template",
          type_template: [{ attributes: ["Ann", "4 2 ✓"] }],
          type_media_template: {
            type: "document",
            url: "https://files.acme.test/42.pdf",
            filename: "invoice.pdf",
            button: [{ index: "1", payload: "abc" }],
          },
        },
      ],
    });
  });

  it("is not sent without its template's name, or with a variable in its header's text", async () => {
    const unnamed = [{ vendor_slug: slug, vendor_template_id: "1" }];
    const one = await sending(whatsappMessage(slug, { vendor_approvals: unnamed }));
    expect(one.outcome).toMatchObject({ class: "message", code: "template_without_name" });
    const other = await sending(whatsappMessage(slug, TEXT_HEADER));
    expect(other.outcome).toMatchObject({ class: "message", code: "variable_header" });
  });

  it.each([
    [401, "401", "config", undefined],
    [403, "403", "config", undefined],
    [200, "8002", "recipient", true],
    [200, "8007", "message", undefined],
    [400, "8010", "message", undefined],
    [500, "500", "transient", undefined],
  ])("that is refused with %i %s fails as %s", async (status, code, kind, inactivate) => {
    const { outcome } = await sendThrough(netcore, config, whatsappMessage(slug), () =>
      jsonReply(status, { status: "failure", error: { code, message: "no" } }),
    );
    expect(outcome).toEqual({
      kind: "failed",
      class: kind,
      code,
      message: "no",
      ...(inactivate === true ? { inactivate } : {}),
    });
  });
});

const read = (json: object) => netcore.webhook?.read(webhookRequest({ json }));

describe("reports", () => {
  const report = (status: string, status_remark = "") => ({
    ncmessage_id: "nc-1",
    recipient: "4915112345678",
    status,
    status_remark,
    received_at: "1767323045",
    source: config.source,
    "x-apiheader": "01JD",
  });
  const about = {
    message_id: "01JD",
    vendor_message_id: "nc-1",
    address: "4915112345678",
    at: Date.UTC(2026, 0, 2, 3, 4, 5),
  };
  const status = (name: string) => ({ kind: "status", ...about, status: name, reason: null });

  it("come in lists", () => {
    expect(
      read({ delivery_status: [report("sent"), report("delivered"), report("read"), report("other"), {}] }),
    ).toEqual([status("sent_by_vendor"), status("delivered"), status("seen")]);
  });

  it("of a failure say why, and end a number without WhatsApp", () => {
    const lost = { kind: "status", ...about, status: "delivery_failure" };
    expect(
      read({
        delivery_status: [
          report("failed", "template paused"),
          report("failed", "Recipient is not a valid WhatsApp user"),
          report("failed"),
        ],
      }),
    ).toEqual([
      { ...lost, reason: "template paused" },
      { ...lost, reason: "Recipient is not a valid WhatsApp user", inactivate: true },
      { ...lost, reason: "failed" },
    ]);
  });
});

it("a message from a person comes with its text and what it replies to", () => {
  const message = {
    from: "4915112345678",
    to: "919711750243",
    from_name: "Ann",
    message_id: "wamid.1",
    message_type: "TEXT",
    text_type: { text: "STOP" },
    received_at: "1767323045",
    context: { ncmessage_id: "nc-1", message_id: "wamid.0" },
  };
  expect(read({ incoming_message: [message, {}] })).toEqual([
    {
      kind: "inbound",
      id: "wamid.1",
      from: "+4915112345678",
      to: "+919711750243",
      text: "STOP",
      in_reply_to: "nc-1",
      at: Date.UTC(2026, 0, 2, 3, 4, 5),
    },
  ]);
});
