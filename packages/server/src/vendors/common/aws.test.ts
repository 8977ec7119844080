import { describe, expect, it } from "vitest";
import { z } from "zod";
import { dial, scriptedHttp } from "../../../test/outside/vendor-contract.ts";
import { type HttpReply, type HttpRequest } from "../../delivery/http/http.ts";
import { awsFields, awsUrl, openAws, xmlText } from "./aws.ts";

const user = {
  region: "us-east-1",
  access_key_id: "AKIDEXAMPLEEXAMPLE",
  secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};
const role = {
  ...user,
  role_arn: "arn:aws:iam::123456789012:role/mail/sender",
  external_id: "acme-1",
  session_seconds: 900,
};

const NOON = Date.UTC(2015, 7, 30, 12, 36);
const never = new AbortController().signal;

const assumed = (expires: number, token = "FwoGZXIvYXdzEBY"): string =>
  `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
    <AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId><SecretAccessKey>temporary/secret+key</SecretAccessKey>
    <SessionToken>${token}</SessionToken><Expiration>${new Date(expires).toISOString()}</Expiration>
  </Credentials></AssumeRoleResult></AssumeRoleResponse>`;

const refusal = (code: string, message: string): string =>
  `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`;

function open(settings: Partial<z.input<z.ZodObject<typeof awsFields>>>, sts: (now: number) => HttpReply) {
  const requests: HttpRequest[] = [];
  const clock = { now: NOON };
  const http = scriptedHttp((request) => {
    requests.push(request);
    return request.url.includes("//sts.") ? sts(clock.now) : { status: 200, headers: {}, body: "{}" };
  });
  const config = z.object(awsFields).parse({ ...user, ...settings });
  const account = openAws(config, { http, dial, now: () => clock.now });
  const call = () =>
    account.call({ service: "ses", url: "https://email.us-east-1.amazonaws.com/", body: "{}" }, never);
  return { account, call, clock, requests };
}

const noRole = () => {
  throw new Error("no role is assumed");
};

describe("the user of an account", () => {
  it("signs with the key of the day, region and service", async () => {
    const { call, requests } = open({}, noRole);
    await call();
    expect(requests[0]?.headers).toMatchObject({
      "x-amz-date": "20150830T123600Z",
      authorization:
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLEEXAMPLE/20150830/us-east-1/ses/aws4_request, SignedHeaders=host;x-amz-date, Signature=49a7918b784439757ba3147aa3a2691d18a7877b07fc9cc7f620b3c98e49693b",
    });
    expect(requests[0]).toMatchObject({ method: "POST", body: "{}" });
  });

  it.each([
    ["eu-west-1", "https://email.eu-west-1.amazonaws.com"],
    ["us-gov-west-1", "https://email.us-gov-west-1.amazonaws.com"],
    ["cn-north-1", "https://email.cn-north-1.amazonaws.com.cn"],
  ])("calls services of %s at %s", (region, url) => {
    expect(awsUrl("email", region)).toBe(url);
  });
});

describe("a role", () => {
  it("is assumed once for as long as its session lasts, less five minutes", async () => {
    const { call, clock, requests } = open(role, (now) => ({
      status: 200,
      headers: {},
      body: assumed(now + 900_000),
    }));
    const sessions = () => requests.filter(({ url }) => url === "https://sts.us-east-1.amazonaws.com/");
    await Promise.all([call(), call(), call()]);
    expect(sessions()).toHaveLength(1);
    expect(Object.fromEntries(new URLSearchParams(String(sessions()[0]?.body)))).toEqual({
      Action: "AssumeRole",
      Version: "2011-06-15",
      RoleArn: role.role_arn,
      RoleSessionName: "carillon",
      DurationSeconds: "900",
      ExternalId: "acme-1",
    });
    clock.now += 599_000;
    await call();
    expect(sessions()).toHaveLength(1);
    clock.now += 2000;
    await call();
    expect(sessions()).toHaveLength(2);
    expect(requests.at(-1)?.headers).toMatchObject({
      authorization: expect.stringContaining("Credential=ASIAIOSFODNN7EXAMPLE/20150830/us-east-1/ses/"),
      "x-amz-security-token": "FwoGZXIvYXdzEBY",
    });
  });

  it.each([
    [403, "AccessDenied", "config"],
    [403, "SignatureDoesNotMatch", "config"],
    [400, "ValidationError", "config"],
    [400, "Throttling", "throttled"],
    [503, "ServiceUnavailable", "transient"],
  ])("that is not given (%i %s) fails the call as %s, and is asked for again", async (status, code, kind) => {
    let answer: HttpReply = { status, headers: {}, body: refusal(code, "not &lt;you&gt;") };
    const { call, requests } = open(role, () => answer);
    expect(await call()).toEqual({
      kind: "failed",
      class: kind,
      code,
      message: "the role was not assumed: not <you>",
    });
    answer = { status: 200, headers: {}, body: assumed(NOON + 900_000) };
    expect(await call()).toMatchObject({ status: 200 });
    expect(requests).toHaveLength(3);
  });

  it("that STS answers with something else is no session", async () => {
    const { call } = open(role, () => ({ status: 200, headers: {}, body: "<html>" }));
    expect(await call()).toMatchObject({ kind: "failed", class: "config", code: "sts_http_200" });
  });

  it("has secrets too", async () => {
    const { account, call } = open(role, () => ({ status: 200, headers: {}, body: assumed(NOON + 900_000) }));
    await call();
    expect(account.secrets()).toEqual([user.secret_access_key, "temporary/secret+key", "FwoGZXIvYXdzEBY"]);
  });
});

describe("an element", () => {
  it.each([
    ["<a><b>1 &amp; 2</b><b>3</b></a>", "1 & 2"],
    ["<a><b> x </b></a>", "x"],
    ["<a><b>x", ""],
    ["", ""],
  ])("of %s is read as %j", (xml, text) => {
    expect(xmlText(xml, "b")).toBe(text);
  });
});
