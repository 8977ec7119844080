import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readTenancy } from "../../core/profile/effective-profile.ts";
import { createLinkKeys } from "../../workspaces/link-keys.ts";
import { inboxSubscriberId, type Workspace } from "../../workspaces/workspaces.ts";
import { isNear, sign, type SignedRequest, verifySignature } from "./signature.ts";

const JSON_UTF8 = "application/json; charset=utf-8";

/** What official SDKs signed: method, target, body and the signature they sent. */
interface Vector {
  client: string;
  secret: string;
  date: string;
  method: string;
  target: string;
  body?: string;
  content_type?: string;
  signature: string;
}

const PYTHON = { secret: "test_secret", date: "Fri, 04 Apr 2025 09:55:12 GMT" };
const NODE = { secret: "wssecret_stub_0123456789abcdef", date: "Fri, 20 Nov 2026 17:18:14 GMT" };

const VECTORS: Vector[] = [
  {
    client: "Python, a body with non-ASCII text and spaces after separators",
    ...PYTHON,
    method: "POST",
    target: "/v1/user/a%40b.com/",
    body: '{"$email": ["a@b.com"], "name": "Zoë"}',
    signature: "uOpPpUmsFUEqLITWpKlTrBSLF+A7SLKTtcdIeDFwW1c=",
  },
  {
    client: "Python, a query",
    ...PYTHON,
    method: "GET",
    target: "/v1/user/u1/preference/?tenant_id=acme&show_opt_out_channels=true",
    signature: "guXW8dUPmYR5uiO7QRiIJISBUGS0T4GGKlsf8ABw+0o=",
  },
  {
    client: "Python, DELETE without a body",
    ...PYTHON,
    method: "DELETE",
    target: "/v1/user/u1/",
    signature: "pIszg42tA7ewTDsGBI1pvgvDm2W6Wv7MQ1LEk3qQuRc=",
  },
  {
    client: "Python, DELETE with a body",
    ...PYTHON,
    method: "DELETE",
    target: "/v1/bulk/user/",
    body: '{"distinct_ids": ["u1"]}',
    signature: "maIfNYNs6ALgoQZXwDg67cskAzwqYMJElDNEsEn01qs=",
  },
  {
    client: "V1: Node, a trigger",
    ...NODE,
    method: "POST",
    target: "/trigger/",
    body: '{"workflow":"welcome","recipients":["u-1"],"data":{"uni":"é✓"}}',
    signature: "9fFcYtR5NzikiUdtMcPrfTqiugN1KGS+tP5la6R0Bp0=",
  },
  {
    client: "V2: Node, a query with percent-encoding",
    ...NODE,
    method: "GET",
    target: "/v1/user/?limit=2&after=cur%3D%3D",
    signature: "BTyGGCV4GooR3oFKiSKuHvhglxY2XVBShgoxdL3vNBs=",
  },
  {
    client: "V3a: Node and Python, an id with a space, a slash and an accent",
    ...NODE,
    method: "GET",
    target: "/v1/user/u%201%2F%C3%A9/",
    signature: "hiKNYH1YDjj/QCLPo7m9ahoPq8AwGSnSfXY1Zkx7sAY=",
  },
  {
    client: "V3b: Go signs the decoded path of an id with a space and an accent",
    ...NODE,
    method: "GET",
    target: "/v1/user/u%201%C3%A9/",
    signature: "h57rOIFkqzOgfwrXiOqqboXGpywbShuUHhXx1m07ZUQ=",
  },
  {
    client: "V4: Node, DELETE without a body",
    ...NODE,
    method: "DELETE",
    target: "/v1/user/u-1/",
    signature: "21H8SlVg7/I+p9750fbWtW2GVG1i+K/207Exn12NjTA=",
  },
  {
    client: "V5: an old browser, with its date from x-amz-date",
    ...NODE,
    method: "POST",
    target: "/event/",
    body: '{"event":"A"}',
    content_type: "application/json",
    signature: "qE4YHW7klczbwEmUQuEOsps7BDgaGpFjVw48aBr/mqQ=",
  },
];

function requestOf(vector: Vector): SignedRequest {
  return {
    method: vector.method,
    target: vector.target,
    content_type: vector.content_type ?? JSON_UTF8,
    date: vector.date,
    body: vector.body === undefined ? null : Buffer.from(vector.body),
  };
}

describe("verifySignature", () => {
  it.each(VECTORS)("accepts $client", (vector) => {
    expect(verifySignature(vector.secret, vector.signature, requestOf(vector))).toBe(true);
  });

  it.each(VECTORS)("refuses any other secret, method, body, type, date or target: $client", (vector) => {
    const request = requestOf(vector);
    const { secret, signature } = vector;
    expect(verifySignature(`${secret}x`, signature, request)).toBe(false);
    expect(verifySignature(secret, signature, { ...request, method: "PATCH" })).toBe(false);
    expect(verifySignature(secret, signature, { ...request, body: Buffer.from("{}") })).toBe(false);
    expect(verifySignature(secret, signature, { ...request, content_type: "text/plain" })).toBe(false);
    expect(verifySignature(secret, signature, { ...request, date: "2026-11-20T17:18:14.000Z" })).toBe(false);
    expect(verifySignature(secret, signature, { ...request, target: `${request.target}x` })).toBe(false);
  });

  it("is over the bytes that came, not over what they mean", () => {
    const [vector] = VECTORS;
    if (vector === undefined) throw new Error("no vectors");
    const compact = Buffer.from('{"$email":["a@b.com"],"name":"Zoë"}');
    expect(verifySignature(vector.secret, vector.signature, { ...requestOf(vector), body: compact })).toBe(
      false,
    );
  });

  it("hashes the bodies that the vectors name", () => {
    const md5 = VECTORS.flatMap(({ body }) =>
      body === undefined ? [] : [createHash("md5").update(body).digest("hex")],
    );
    expect(md5).toEqual([
      "3fa787fd561191011734c9ad91e8ff75",
      "0c3133b3eaa4b41a6ff409e1a54f66af",
      "5db3240b93e0afe0834f753488550f95",
      expect.any(String),
    ]);
  });

  it("accepts Go's query: keys in order, spaces as plus signs", () => {
    const request = { ...requestOf({ ...NODE, client: "", method: "GET", target: "", signature: "" }) };
    const asSent = { ...request, target: "/v1/user/u%201/?b=x%20y&a=1%2B1&a=0" };
    const signature = sign(NODE.secret, { ...request, target: "/v1/user/u 1/?a=1%2B1&a=0&b=x+y" });
    expect(verifySignature(NODE.secret, signature, asSent)).toBe(true);
  });

  it.each([
    ["an id with a slash, which is also a longer path", "/v1/user/u%201%2F%C3%A9/", "/v1/user/u 1/é/"],
    ["a tenant's profile in the id of a user", "/v1/user/u1%2Ftenant%2Facme/", "/v1/user/u1/tenant/acme/"],
    ["an id with a question mark", "/v1/user/u1%3Fa=1/", "/v1/user/u1?a=1/"],
    ["an id with a number sign", "/v1/user/u1%23/", "/v1/user/u1#/"],
    ["an id with a percent sign", "/v1/user/%2541/", "/v1/user/%41/"],
    ["a query that cannot be decoded", "/v1/user/u%201/?a=%ff", "/v1/user/u 1/?a=%EF%BF%BD"],
  ])("does not take Go's signature for %s", (_title, target, signed) => {
    const request = requestOf({ ...NODE, client: "", method: "GET", target, signature: "" });
    const signature = sign(NODE.secret, { ...request, target: signed });
    expect(verifySignature(NODE.secret, signature, request)).toBe(false);
    expect(verifySignature(NODE.secret, sign(NODE.secret, request), request)).toBe(true);
  });

  it.each(["", "=", "é", "%", "9fFcYtR5NzikiUdtMcPrfTqiugN1KGS+tP5la6R0Bp0", "x".repeat(10_000)])(
    "refuses %j cleanly",
    (signature) => {
      const [, , , , vector] = VECTORS;
      if (vector === undefined) throw new Error("no vectors");
      expect(verifySignature(vector.secret, signature, requestOf(vector))).toBe(false);
    },
  );

  it("never throws on a target that cannot be decoded", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string(), (target, signature) => {
        const request = { method: "GET", target, content_type: "", date: "", body: null };
        expect(verifySignature("secret", sign("secret", request), request)).toBe(true);
        expect(verifySignature("secret", signature, request)).toBe(false);
      }),
    );
  });
});

describe("a date", () => {
  const NOW = Date.parse("2026-11-20T17:18:14Z");

  it.each([
    ["Fri, 20 Nov 2026 17:18:14 GMT", true],
    ["2026-11-20T17:18:14.000Z", true],
    ["20261120T171814Z", true],
    ["Fri, 20 Nov 2026 17:33:14 GMT", true],
    ["Fri, 20 Nov 2026 17:03:14 GMT", true],
    ["Fri, 20 Nov 2026 17:33:15 GMT", false],
    ["Fri, 20 Nov 2026 17:03:13 GMT", false],
    ["20251120T171814Z", false],
    ["yesterday", false],
    ["", false],
  ])("within 15 minutes of now: %j is %j", (date, near) => {
    expect(isNear(date, NOW, 15)).toBe(near);
  });
});

describe("inboxSubscriberId", () => {
  const workspace = (inbox_secret: string): Workspace => ({
    workspace_id: 1,
    uid: "wksp_1",
    slug: "test",
    name: "Test",
    mode: "sandbox",
    timezone: "UTC",
    tenancy: readTenancy({}),
    test_mode: null,
    inbox_secret,
    link_keys: createLinkKeys(inbox_secret, { link_generation: 1, link_oldest_generation: 1 }),
  });

  it.each([
    [
      "IG-J8Wvf7M-w4ll13h53NJAMQQNHdUqFTSJ2JVAZl0s",
      "b8278572-2929-4af6-be2b-cdc2bc1f6256",
      "dHBWYF4oV190o4j-e3eYxB-SCkeHnoaiofe8EmGk9JQ",
    ],
    ["inbox_shared_secret", "u-1", "sAyuOget4m_oXqrbYmrPTCd1z3dRdHSRpLG2yPBjonA"],
    ["inbox_shared_secret", "john@doe.com", "G0UnlvjlbeS-2L7LzvckZqCdYVtBQrAnX1nLD81KzgY"],
  ])("signs with %s the id %s", (secret, distinct_id, subscriber_id) => {
    expect(inboxSubscriberId(workspace(secret), { object_type: "", distinct_id })).toBe(subscriber_id);
  });
});
