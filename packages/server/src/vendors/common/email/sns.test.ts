import { createSign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { LOOPBACK_TLS } from "../../../../test/outside/loopback-tls.ts";
import { scriptedHttp, webhookRequest } from "../../../../test/outside/vendor-contract.ts";
import { HttpCallError } from "../../../delivery/http/http.ts";
import { greetSns, readSnsNotification, verifySns } from "./sns.ts";

const TOPIC = "arn:aws:sns:eu-west-1:123456789012:mail";
const CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem";

type Fields = Record<string, string>;

const notification: Fields = {
  Type: "Notification",
  MessageId: "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
  TopicArn: TOPIC,
  Message: '{"eventType":"Send"}',
  Timestamp: "2012-05-02T00:54:06.655Z",
};
const confirmation: Fields = {
  ...notification,
  Type: "SubscriptionConfirmation",
  Token: "2336412f37",
  SubscribeURL: "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f37",
};

/** A message as SNS signs it. What is said of the certificate is not signed. */
function signed(fields: Fields, { version = "2", certificate = CERTIFICATE } = {}): Fields {
  const names = Object.keys(fields).toSorted();
  const text = names.map((name) => `${name}\n${fields[name]}\n`).join("");
  const signature = createSign(version === "1" ? "RSA-SHA1" : "RSA-SHA256").update(text);
  return {
    ...fields,
    SignatureVersion: version,
    Signature: signature.sign(LOOPBACK_TLS.key, "base64"),
    SigningCertURL: certificate,
  };
}

/** SNS, as the other side of this server: where it was called, and with what it answers. */
function sns(status = 200) {
  const called: string[] = [];
  const http = scriptedHttp(({ url }) => {
    called.push(url);
    return { status: url.endsWith(".pem") ? 200 : status, headers: {}, body: LOOPBACK_TLS.cert };
  });
  return { called, deps: { http } };
}

const unreachable = {
  http: scriptedHttp(() => {
    throw new HttpCallError("timeout", "no answer in time", true);
  }),
};

const proofOf = (fields: Fields, topic = TOPIC, deps = sns().deps) =>
  verifySns(webhookRequest({ json: fields }), topic, deps);

describe("a message of SNS", () => {
  it.each(["1", "2"])("is proven by its signature of version %s", async (version) => {
    expect(await proofOf(signed(notification, { version }))).toBe("verified");
    expect(await proofOf(signed({ ...notification, Subject: "Amazon SES" }, { version }))).toBe("verified");
    expect(await proofOf(signed(confirmation, { version }))).toBe("verified");
  });

  it("is forged if a signed field differs, or a field that proves it is missing", async () => {
    const good = signed(confirmation);
    for (const field of ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "Type"]) {
      expect(await proofOf({ ...good, [field]: `${good[field]}x` }), field).toBe("forged");
    }
    for (const field of ["Signature", "SignatureVersion", "SigningCertURL", "Type"]) {
      const { [field]: _, ...rest } = good;
      expect(await proofOf(rest), field).toBe("forged");
    }
  });

  it("is forged if it is of another topic than that of the settings", async () => {
    const other = signed({ ...notification, TopicArn: `${TOPIC}-2` });
    expect(await proofOf(other)).toBe("forged");
  });

  it("is proven to nobody where the settings name no topic: anybody can make one", async () => {
    expect(await proofOf(signed(notification), "")).toBe("unsigned");
    expect(await proofOf({ ...signed(notification), Message: "{}" }, "")).toBe("forged");
  });

  it.each([
    "https://sns.eu-west-1.amazonaws.com.evil.test/SimpleNotificationService-1.pem",
    "https://evil.test/sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
    "https://s3.eu-west-1.amazonaws.com/bucket/SimpleNotificationService-1.pem",
    "https://sns.eu-west-1.amazonaws.com@evil.test/SimpleNotificationService-1.pem",
    "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-1.pem",
    "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
    "https://sns.eu-west-1.amazonaws.com/?Action=Publish",
    "not a URL",
  ])("is forged with a certificate from %s, which is never fetched", async (certificate) => {
    const { called, deps } = sns();
    expect(await proofOf(signed(notification, { certificate }), TOPIC, deps)).toBe("forged");
    expect(called).toEqual([]);
  });

  it("fetches a certificate once", async () => {
    const { called, deps } = sns();
    for (let round = 0; round < 3; round += 1) {
      expect(await proofOf(signed(notification), TOPIC, deps)).toBe("verified");
    }
    expect(called).toEqual([CERTIFICATE]);
  });

  it("is not called forged while the certificate cannot be had", async () => {
    await expect(proofOf(signed(notification), TOPIC, unreachable)).rejects.toThrow("no answer in time");
  });

  it("has what was published, if it is a notification", () => {
    const read = (json: unknown) => readSnsNotification(webhookRequest({ json }));
    expect(read(notification)).toBe('{"eventType":"Send"}');
    expect(read(confirmation)).toBeNull();
    expect(() => read({})).toThrow("no message of SNS");
  });
});

describe("a subscription", () => {
  const greet = (fields: Fields, topic = TOPIC, deps = sns().deps) =>
    greetSns(webhookRequest({ json: fields }), topic, deps);

  it("of the topic of the settings is confirmed", async () => {
    const { called, deps } = sns();
    expect(await greet(signed(confirmation), TOPIC, deps)).toEqual({ status: 200, body: "subscribed" });
    expect(called).toEqual([CERTIFICATE, confirmation.SubscribeURL]);
  });

  it("is not confirmed if it is of another topic, forged, or to be confirmed elsewhere", async () => {
    const elsewhere = { ...confirmation, SubscribeURL: "https://evil.test/?Token=2336412f37" };
    for (const fields of [
      signed({ ...confirmation, TopicArn: `${TOPIC}-2` }),
      { ...signed(confirmation), Token: "x" },
      confirmation,
      signed(elsewhere),
    ]) {
      const { called, deps } = sns();
      expect(await greet(fields, TOPIC, deps)).toMatchObject({ status: 403 });
      expect(called.filter((url) => url !== CERTIFICATE)).toEqual([]);
    }
  });

  it("is left for another attempt of SNS if it cannot be confirmed now", async () => {
    expect(await greet(signed(confirmation), TOPIC, sns(500).deps)).toMatchObject({ status: 502 });
    expect(await greet(signed(confirmation), TOPIC, unreachable)).toMatchObject({ status: 502 });
  });

  it("that ends needs no confirmation", async () => {
    const { called, deps } = sns();
    const ended = signed({ ...confirmation, Type: "UnsubscribeConfirmation" });
    expect(await greet(ended, TOPIC, deps)).toEqual({ status: 200, body: "unsubscribed" });
    expect(called).toEqual([CERTIFICATE]);
  });

  it("is none of what carries reports, or nothing that is known", async () => {
    expect(await greet(signed(notification))).toBeNull();
    expect(await greet({})).toBeNull();
    const text = webhookRequest({ body: Buffer.from("Type=SubscriptionConfirmation") });
    expect(await greetSns(text, TOPIC, unreachable)).toBeNull();
  });
});
