import { describe, expect, it } from "vitest";
import {
  formFields,
  FULL_TEMPLATE,
  jsonReply,
  whatsappMessage,
} from "../../../test/outside/phone-messages.ts";
import {
  dial,
  scriptedHttp,
  sendThrough,
  vendorContract,
  webhookRequest,
} from "../../../test/outside/vendor-contract.ts";
import { HttpCallError, type HttpReply, type HttpRequest } from "../../delivery/http/http.ts";
import gupshup from "./gupshup.ts";

const config = { user_id: "2000193891", password: "gupshup-password" };
const slug = "gupshup-whatsapp";

const optedIn = jsonReply(200, {
  response: { id: "", phone: "", details: "", status: "success" },
  data: { response_messages: [{ id: "1", phone: "4915112345678", details: "", status: "success" }] },
});
const success = jsonReply(200, {
  response: {
    id: "4050-w-01JD0000000000000000000000",
    phone: "4915112345678",
    details: "",
    status: "success",
  },
});
const isOptIn = ({ body }: HttpRequest) => formFields(body)["method"] === "OPT_IN";

vendorContract(gupshup, {
  config,
  message: whatsappMessage(slug),
  refused: [{}, { ...config, user_id: "x" }],
  prepare: (request) => (isOptIn(request) ? optedIn : undefined),
});

const sending = async (message = whatsappMessage(slug), reply: HttpReply = success) => {
  const { outcome, requests } = await sendThrough(gupshup, config, message, (request) =>
    isOptIn(request) ? optedIn : reply,
  );
  return { outcome, requests, form: formFields(requests.at(-1)?.body) };
};

const common = {
  userid: "2000193891",
  password: "gupshup-password",
  auth_scheme: "plain",
  v: "1.1",
  format: "json",
  send_to: "4915112345678",
  isHSM: "true",
  data_encoding: "text",
  msg_id: "acme-workspace-01JD0000000000000000000000",
};

describe("a WhatsApp message", () => {
  it("is the text of its template", async () => {
    const { outcome, requests, form } = await sending();
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "4050-w-01JD0000000000000000000000" });
    expect(requests.at(-1)).toMatchObject({
      method: "POST",
      url: "https://media.smsgupshup.com/GatewayAPI/rest",
    });
    expect(form).toEqual({
      ...common,
      method: "SendMessage",
      msg_type: "HSM",
      msg: "Hi Ann, your order 42 has left us.",
    });
  });

  it("has its header's file, its footer and the variable end of a button's address", async () => {
    const { form } = await sending(whatsappMessage(slug, FULL_TEMPLATE));
    expect(form).toEqual({
      ...common,
      method: "SendMediaMessage",
      msg_type: "DOCUMENT",
      media_url: "https://files.acme.test/42.pdf",
      filename: "invoice.pdf",
      caption: "Grüße, Ann: 42 ✓",
      isTemplate: "true",
      footer: "Acme",
      buttonUrlParam: "abc",
    });
  });

  it("has its header's text", async () => {
    const { form } = await sending(whatsappMessage(slug, { header: { format: "TEXT", text: "Shipped" } }));
    expect(form).toMatchObject({ method: "SendMessage", header: "Shipped", isTemplate: "true" });
  });

  it.each([
    ["102", "config"],
    ["124", "config"],
    ["333", "message"],
  ])("that is refused with %s fails as %s", async (id, kind) => {
    const refused = jsonReply(200, { response: { id, details: "no", status: "error" } });
    const { outcome } = await sending(whatsappMessage(slug), refused);
    expect(outcome).toEqual({ kind: "failed", class: kind, code: id, message: "no" });
  });
});

describe("a number", () => {
  const settings = gupshup.config.parse(config);
  const { signal } = new AbortController();

  it("is opted in before its first message", async () => {
    const requests: HttpRequest[] = [];
    const http = scriptedHttp((request) => {
      requests.push(request);
      return isOptIn(request) ? optedIn : success;
    });
    const connection = gupshup.open(settings, { http, dial, now: Date.now });
    await connection.send(whatsappMessage(slug), signal);
    await connection.send(whatsappMessage(slug), signal);
    expect(requests.map((request) => formFields(request.body)["method"])).toEqual([
      "OPT_IN",
      "SendMessage",
      "SendMessage",
    ]);
    expect(formFields(requests[0]?.body)).toMatchObject({
      channel: "WHATSAPP",
      phone_number: "4915112345678",
    });
  });

  it("is left alone where the settings say so", async () => {
    const { requests } = await sendThrough(
      gupshup,
      { ...config, opt_in: false },
      whatsappMessage(slug),
      () => success,
    );
    expect(requests).toHaveLength(1);
  });

  it("that cannot be opted in is ended, and nothing is sent to it", async () => {
    const number = { id: "105", phone: "4915112345678", details: "not on WhatsApp", status: "error" };
    const refused = jsonReply(200, {
      response: { status: "success" },
      data: { response_messages: [number] },
    });
    const { outcome, requests } = await sendThrough(gupshup, config, whatsappMessage(slug), () => refused);
    expect(requests).toHaveLength(1);
    expect(outcome).toEqual({
      kind: "failed",
      class: "recipient",
      code: "105",
      message: "not on WhatsApp",
      inactivate: true,
    });
  });

  it("is tried again when the opting in was not answered, or failed for the account", async () => {
    const lost = await sendThrough(gupshup, config, whatsappMessage(slug), () => {
      throw new HttpCallError("connection_lost", "in a test", true);
    });
    expect(lost.outcome).toMatchObject({ kind: "failed", class: "transient" });
    const refused = await sendThrough(gupshup, config, whatsappMessage(slug), () =>
      jsonReply(200, { response: { id: "102", details: "no", status: "error" } }),
    );
    expect(refused.outcome).toEqual({ kind: "failed", class: "config", code: "102", message: "no" });
  });
});

const read = (request: object) => gupshup.webhook?.read(webhookRequest(request));

describe("a report", () => {
  const id = "4050-w1-01JD0000000000000000000000";
  const event = (more: object) => ({
    externalId: id,
    eventTs: 1_526_347_800_000,
    destAddr: "919892488888",
    srcAddr: "918448000000",
    channel: "WHATSAPP",
    errorCode: "000",
    ...more,
  });
  const about = {
    message_id: "01JD0000000000000000000000",
    vendor_message_id: id,
    address: "919892488888",
    at: 1_526_347_800_000,
  };

  it.each([
    ["SENT", "sent_by_vendor"],
    ["DELIVERED", "delivered"],
    ["READ", "seen"],
  ])("%s means %s", (eventType, status) => {
    expect(read({ json: { response: [event({ eventType, cause: eventType })] } })).toEqual([
      { kind: "status", ...about, status, reason: null },
    ]);
  });

  it("that there is no WhatsApp at the number ends it", () => {
    const failed = (cause: string) => event({ eventType: "FAILED", cause, errorCode: "003" });
    expect(read({ json: { response: [failed("UNKNOWN_SUBSCRIBER"), failed("OTHER")] } })).toEqual([
      {
        kind: "status",
        ...about,
        status: "delivery_failure",
        reason: "003: UNKNOWN_SUBSCRIBER",
        inactivate: true,
      },
      { kind: "status", ...about, status: "delivery_failure", reason: "003: OTHER" },
    ]);
  });
});

it("a message from a person comes with its text and what it replies to", () => {
  const json = {
    mobile: "919892488888",
    waNumber: "918448000000",
    name: "Ann",
    type: "text",
    text: "STOP",
    timestamp: "1526347800000",
    messageId: "9001",
    replyId: "4050-w1-01JD0000000000000000000000",
    context: '{"from":"918448000000"}',
  };
  expect(read({ json })).toEqual([
    {
      kind: "inbound",
      id: "9001",
      from: "+919892488888",
      to: "+918448000000",
      text: "STOP",
      in_reply_to: "4050-w1-01JD0000000000000000000000",
      at: 1_526_347_800_000,
    },
  ]);
});
