import { describe, expect, it } from "vitest";
import { dltMessage, formFields, smsMessage } from "../../../test/outside/phone-messages.ts";
import { sendThrough } from "../../../test/outside/vendor-contract.ts";
import type { HttpRequest } from "../../delivery/http/http.ts";
import { genericHttpPresets } from "./generic-http-presets.ts";
import generic from "./generic-http.ts";

/** The settings of a preset as a customer completes them: each credential is named after itself. */
function settingsOf(slug: string) {
  const preset = genericHttpPresets[slug];
  if (preset === undefined) throw new Error(`no preset ${slug}`);
  const credentials = Object.fromEntries(
    Object.keys(preset.credentials).map((name) => [name, `the ${name}`]),
  );
  return { ...preset.settings, credentials, sender: "ACMEIN", entity_id: "110100001" };
}

async function sending(slug: string, message = dltMessage("generic-http-sms"), body = "", status = 200) {
  const { outcome, requests } = await sendThrough(generic, settingsOf(slug), message, () => ({
    status,
    headers: {},
    body,
  }));
  return { outcome, request: requests[0] as HttpRequest };
}

const form = ({ body }: HttpRequest) => formFields(body);
const query = ({ url }: HttpRequest) => Object.fromEntries(new URL(url).searchParams);
const unicode = smsMessage({ body: "日本 & ✓" });

it.each(Object.keys(genericHttpPresets))(
  "the preset %s is complete but for sender and credentials",
  (slug) => {
    expect(generic.config.safeParse(settingsOf(slug)).error).toBeUndefined();
    expect(genericHttpPresets[slug]?.name).not.toBe("");
  },
);

describe("Kaleyra", () => {
  it("gets a form", async () => {
    const reply = '{"id":"b1","data":[{"message_id":"b1:1","recipient":"919876543210"}],"error":{}}';
    const { outcome, request } = await sending("kaleyra", undefined, reply);
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "b1:1" });
    expect(request.url).toBe("https://api.kaleyra.io/v1/the%20sid/messages");
    expect(request.headers).toMatchObject({ "api-key": "the api_key" });
    expect(form(request)).toEqual({
      to: "+919876543210",
      sender: "ACMECO",
      type: "TXN",
      body: "Dear Ann, your code is 123456",
      template_id: "1107161191448698079",
      ref: "01JD0000000000000000000000",
    });
  });

  it("explains itself", async () => {
    const { outcome } = await sending("kaleyra", undefined, '{"code":"RBC001","message":"no"}', 401);
    expect(outcome).toEqual({ kind: "failed", class: "config", code: "RBC001", message: "no" });
  });
});

describe("Route Mobile", () => {
  it("gets a form", async () => {
    const { outcome, request } = await sending("route_mobile", undefined, "1701|919876543210|bc5f7425-c98c");
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "bc5f7425-c98c" });
    expect(request.url).toBe("https://sms6.rmlconnect.net:8443/bulksms/bulksms");
    expect(form(request)).toEqual({
      username: "the username",
      password: "the password",
      dlr: "1",
      type: "0",
      destination: "919876543210",
      source: "ACMECO",
      message: "Dear Ann, your code is 123456",
      entityid: "110100001",
      tempid: "1107161191448698079",
    });
  });

  it("gets other characters as hexadecimal digits", async () => {
    const { request } = await sending("route_mobile", unicode);
    expect(form(request)).toMatchObject({ type: "2", message: "65e5672c0020002600202713" });
  });

  it.each([
    ["1703", "config"],
    ["1706|919876543210", "recipient"],
    ["1707", "config"],
    ["1710", "transient"],
    ["1715", "transient"],
    ["1025", "config"],
    ["1032|919876543210", "recipient"],
    ["1702", "message"],
  ])("that answers %s means %s", async (body, kind) => {
    const { outcome } = await sending("route_mobile", undefined, body);
    expect(outcome).toMatchObject({ kind: "failed", class: kind, code: body.slice(0, 4) });
  });
});

describe("ValueFirst", () => {
  it("gets JSON", async () => {
    const reply = '{"MESSAGEACK":{"GUID":{"SUBMITDATE":"2026-01-02","GUID":"kg12d","ID":1}}}';
    const { outcome, request } = await sending("valuefirst", undefined, reply);
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "kg12d" });
    expect(request.url).toBe("https://api.myvfirst.com/psms/servlet/psms.JsonEservice");
    expect(JSON.parse(String(request.body))).toEqual({
      "@VER": "1.2",
      USER: { "@USERNAME": "the username", "@PASSWORD": "the password" },
      DLR: {
        "@URL": "https://notify.acme.test/webhook/vendor/channel/uid/?message_id=01JD0000000000000000000000",
      },
      SMS: [
        {
          "@UDH": "0",
          "@CODING": "1",
          "@TEXT": "Dear Ann, your code is 123456",
          "@PROPERTY": "0",
          "@ID": "1",
          "@TEMPLATEINFO": "1107161191448698079",
          ADDRESS: [
            {
              "@FROM": "ACMECO",
              "@TO": "919876543210",
              "@SEQ": "1",
              "@TAG": "01JD0000000000000000000000",
            },
          ],
        },
      ],
    });
  });

  it("explains itself", async () => {
    const reply = '{"MESSAGEACK":{"GUID":{"GUID":"kg12d","ERROR":{"CODE":28682,"SEQ":1}}}}';
    const { outcome } = await sending("valuefirst", undefined, reply);
    expect(outcome).toMatchObject({ kind: "failed", class: "recipient", code: "28682" });
    const denied = '{"MESSAGEACK":{"Err":{"Code":"52992","Desc":"Username/Password incorrect"}}}';
    const { outcome: refused } = await sending("valuefirst", unicode, denied);
    expect(refused).toMatchObject({ class: "config", message: "Username/Password incorrect" });
  });
});

describe("ACL", () => {
  it("gets a query", async () => {
    const { outcome, request } = await sending("acl", undefined, "5637582342-2026_01_02\n");
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "5637582342-2026_01_02" });
    expect(request).toMatchObject({ method: "GET" });
    expect(query(request)).toEqual({
      appid: "the app_id",
      userId: "the user_id",
      pass: "the password",
      contenttype: "1",
      from: "ACMECO",
      to: "919876543210",
      text: "Dear Ann, your code is 123456",
      alert: "1",
      selfid: "true",
      dlrreq: "true",
      dpi: "110100001",
      dtm: "1107161191448698079",
    });
    expect(query((await sending("acl", unicode)).request)).toMatchObject({
      contenttype: "3",
      text: "日本 & ✓",
    });
  });

  it("gets a query for one-time passwords", async () => {
    const { outcome, request } = await sending("acl_otp", undefined, "-10 Invalid login");
    expect(outcome).toMatchObject({ kind: "failed", class: "message", message: "-10 Invalid login" });
    expect(query(request)).toEqual({
      enterpriseid: "the enterprise_id",
      subEnterpriseid: "the sub_enterprise_id",
      pusheid: "the user_id",
      pushepwd: "the password",
      msisdn: "919876543210",
      sender: "ACMECO",
      msgtext: "Dear Ann, your code is 123456",
      dpi: "110100001",
      dtm: "1107161191448698079",
    });
  });
});
