import { describe, expect, it } from "vitest";
import { dltMessage, formFields, smsMessage } from "../../../test/outside/phone-messages.ts";
import { sendThrough, vendorContract, verifyThrough } from "../../../test/outside/vendor-contract.ts";
import type { HttpReply } from "../../delivery/http/http.ts";
import sns from "./aws-sns.ts";

const config = {
  region: "ap-south-1",
  access_key_id: "AKIAIOSFODNN7EXAMPLE",
  secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};

vendorContract(sns, {
  config,
  message: smsMessage(),
  refused: [
    {},
    { ...config, region: "Frankfurt" },
    { ...config, region: "eu-central-1.evil.example/" },
    { ...config, sender_id: "12345" },
    { ...config, role_arn: "carillon" },
  ],
});

const reply = (status: number, body: string): HttpReply => ({ status, headers: {}, body });
const published = reply(
  200,
  "<PublishResponse><PublishResult><MessageId>567910cd-659e</MessageId></PublishResult></PublishResponse>",
);
const error = (status: number, code: string, message = "no") =>
  reply(
    status,
    `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
  );

describe("an SMS", () => {
  it("is a signed call with the type of message", async () => {
    const { outcome, requests } = await sendThrough(
      sns,
      config,
      smsMessage({ body: "Grüße ✓" }),
      () => published,
    );
    expect(outcome).toEqual({ kind: "sent", vendor_message_id: "567910cd-659e" });
    const [request] = requests;
    expect(request?.url).toBe("https://sns.ap-south-1.amazonaws.com/");
    expect(request?.headers?.["authorization"]).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE\/\d{8}\/ap-south-1\/sns\/aws4_request, SignedHeaders=\S+, Signature=[0-9a-f]{64}$/,
    );
    expect(request?.headers?.["x-amz-date"]).toMatch(/^\d{8}T\d{6}Z$/);
    expect(formFields(request?.body)).toEqual({
      Action: "Publish",
      Version: "2010-03-31",
      PhoneNumber: "+4915112345678",
      Message: "Grüße ✓",
      "MessageAttributes.entry.1.Name": "AWS.SNS.SMS.SMSType",
      "MessageAttributes.entry.1.Value.DataType": "String",
      "MessageAttributes.entry.1.Value.StringValue": "Transactional",
    });
  });

  it("carries sender, origination number and what India asks for", async () => {
    const settings = {
      ...config,
      sender_id: "Acme",
      origination_number: "+15550100",
      message_type: "Promotional" as const,
      entity_id: "110100001",
    };
    const { requests } = await sendThrough(sns, settings, dltMessage("aws_sns-sms"), () => published);
    const form = formFields(requests[0]?.body);
    const attributes = [1, 2, 3, 4, 5].map((index) => [
      form[`MessageAttributes.entry.${index}.Name`],
      form[`MessageAttributes.entry.${index}.Value.StringValue`],
    ]);
    expect(attributes).toEqual([
      ["AWS.SNS.SMS.SMSType", "Promotional"],
      ["AWS.SNS.SMS.SenderID", "ACMECO"],
      ["AWS.MM.SMS.OriginationNumber", "+15550100"],
      ["AWS.MM.SMS.EntityId", "110100001"],
      ["AWS.MM.SMS.TemplateId", "1107161191448698079"],
    ]);
  });

  it("is sent as the role of the settings", async () => {
    const settings = { ...config, role_arn: "arn:aws:iam::123456789012:role/sms" };
    const keys =
      "<AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey>" +
      "<SessionToken>token</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration>";
    const { outcome, requests } = await sendThrough(sns, settings, smsMessage(), ({ url }) =>
      url.startsWith("https://sts.") ? reply(200, `<Credentials>${keys}</Credentials>`) : published,
    );
    expect(outcome).toMatchObject({ kind: "sent" });
    expect(requests[1]?.headers).toMatchObject({ "x-amz-security-token": "token" });
    const refused = await sendThrough(sns, settings, smsMessage(), () => error(403, "AccessDenied"));
    expect(refused.outcome).toMatchObject({ class: "config", code: "AccessDenied" });
    expect(refused.requests).toHaveLength(1);
  });

  it.each([
    [400, "InvalidParameter", "Invalid parameter: PhoneNumber Reason: +49 is not valid", "recipient"],
    [400, "InvalidParameter", "Invalid parameter: Message too long", "message"],
    [403, "AuthorizationError", "not authorized", "config"],
    [403, "InvalidClientTokenId", "no", "config"],
    [403, "SignatureDoesNotMatch", "no", "config"],
    [400, "Throttled", "no", "throttled"],
    [400, "Throttling", "Rate exceeded", "throttled"],
    [500, "InternalError", "no", "transient"],
    [400, "Other", "Monthly spending limit reached", "config"],
  ])("that is refused with %i %s (%s) fails as %s", async (status, code, message, kind) => {
    const { outcome } = await sendThrough(sns, config, smsMessage(), () => error(status, code, message));
    expect(outcome).toEqual({ kind: "failed", class: kind, code, message });
  });

  it.each([
    ["OptedOut", "no"],
    ["InvalidParameter", "Phone number is opted out"],
  ])("to a number that has opted out ends the number: %s %s", async (code, message) => {
    const { outcome } = await sendThrough(sns, config, smsMessage(), () => error(400, code, message));
    expect(outcome).toMatchObject({ class: "recipient", code, inactivate: true });
  });
});

it("proves its credentials by reading the account's settings", async () => {
  const { verification, requests } = await verifyThrough(sns, config, () => reply(200, "<x/>"));
  expect(verification).toEqual({ ok: true });
  expect(formFields(requests[0]?.body)).toEqual({ Action: "GetSMSAttributes", Version: "2010-03-31" });
  const failed = await verifyThrough(sns, config, () => error(403, "InvalidClientTokenId", "bad token"));
  expect(failed.verification).toEqual({ ok: false, message: "bad token" });
});
