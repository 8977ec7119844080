import { createHmac, createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createUserTokens, verifyWebhook } from "../src/index.ts";

/** Tokens that browsers carry and webhooks that servers get. */
function keyPair(namedCurve: string, type: "pkcs8" | "sec1") {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve });
  return {
    privateKey: privateKey.export({ type, format: "pem" }).toString(),
    publicKey: publicKey.export({ type: "spki", format: "pem" }).toString(),
  };
}

const pair = keyPair("P-256", "pkcs8");
const sec1 = keyPair("P-256", "sec1");

function claimsOf(token: string, publicKey: string): Record<string, unknown> {
  const [head = "", body = "", signature = ""] = token.split(".");
  const key = { key: createPublicKey(publicKey), dsaEncoding: "ieee-p1363" } as const;
  expect(verify("sha256", Buffer.from(`${head}.${body}`), key, Buffer.from(signature, "base64url"))).toBe(
    true,
  );
  expect(JSON.parse(Buffer.from(head, "base64url").toString())).toEqual({ alg: "ES256", typ: "JWT" });
  return JSON.parse(Buffer.from(body, "base64url").toString()) as Record<string, unknown>;
}

describe("a user's token", () => {
  it.each<[string, string, string]>([
    ["PKCS #8", pair.privateKey, pair.publicKey],
    ["SEC 1", sec1.privateKey, sec1.publicKey],
    ["base64 of PEM", Buffer.from(pair.privateKey).toString("base64"), pair.publicKey],
  ])("is signed with a key in %s, for an hour", async (_form, signingKey, publicKey) => {
    const claims = claimsOf(await createUserTokens(signingKey).sign("u-1 é"), publicKey);
    expect(claims).toEqual({
      entity_type: "subscriber",
      entity_id: "u-1 é",
      iat: expect.any(Number),
      exp: Number(claims.iat) + 3600,
    });
  });

  it("is for tenants if it says so, and as long as it says", async () => {
    const tokens = createUserTokens(pair.privateKey);
    const one = claimsOf(await tokens.sign("ada", { tenant: "acme", ttl: 60 }), pair.publicKey);
    expect(one).toMatchObject({ scope: { tenant_id: "acme" }, exp: Number(one.iat) + 60 });
    const two = claimsOf(await tokens.sign("ada", { tenant: ["acme", "zen"] }), pair.publicKey);
    expect(two.scope).toEqual({ tenant_id: ["acme", "zen"] });
  });

  it("needs a key of the right curve, a user and a time", async () => {
    const { privateKey } = keyPair("P-384", "pkcs8");
    await expect(createUserTokens(privateKey).sign("ada")).rejects.toThrow(
      "signingKey: is not a private key of the curve P-256",
    );
    expect(() => createUserTokens("secret")).toThrow(
      "signingKey: must be a private key in PEM, or the base64 of one",
    );
    const tokens = createUserTokens(pair.privateKey);
    await expect(tokens.sign("")).rejects.toThrow("user: must not be empty");
    await expect(tokens.sign("ada", { ttl: 0 })).rejects.toThrow("ttl: must be a number of seconds");
  });
});

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const key = Buffer.from(SECRET.slice(6), "base64");
const signatureOf = (id: string, timestamp: string, body: string, of: Buffer = key) =>
  `v1,${createHmac("sha256", of).update(`${id}.${timestamp}.${body}`).digest("base64")}`;

/** A genuine request, with what a test changes. */
function webhook(prefix = "webhook", seconds = 0) {
  const body = '{"type":"message.delivered","é":1}';
  const timestamp = String(Math.floor(Date.now() / 1000) + seconds);
  const headers: Record<string, string> = {
    [`${prefix}-id`]: "msg_1",
    [`${prefix}-timestamp`]: timestamp,
    [`${prefix}-signature`]: signatureOf("msg_1", timestamp, body),
  };
  return { body, headers };
}

describe("a webhook", () => {
  it.each(["webhook", "svix", "Webhook"])("is genuine by the headers %s-…", (prefix) => {
    const { body, headers } = webhook(prefix);
    const payload = { type: "message.delivered", é: 1 };
    expect(verifyWebhook(body, headers, SECRET)).toEqual(payload);
    expect(verifyWebhook(new TextEncoder().encode(body), new Headers(headers), SECRET)).toEqual(payload);
  });

  it("is genuine by any of several signatures, and any of several secrets", () => {
    const { body, headers } = webhook();
    const other = `whsec_${Buffer.from("another secret").toString("base64")}`;
    const signature = headers["webhook-signature"] ?? "";
    const many = { ...headers, "webhook-signature": `v1a,xyz v1,AAAA ${signature}` };
    expect(verifyWebhook(body, many, [other, SECRET])).toMatchObject({ type: "message.delivered" });
    expect(() => verifyWebhook(body, headers, other)).toThrow("no signature of the request fits the secret");
  });

  it("is what the vector of Standard Webhooks says", () => {
    const headers = {
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    };
    const payload = verifyWebhook('{"test": 2432232314}', headers, SECRET, { tolerance: Infinity });
    expect(payload).toEqual({ test: 2432232314 });
  });

  it.each<[string, string, (request: ReturnType<typeof webhook>) => void]>([
    ["another body", "no signature", (request) => (request.body += " ")],
    ["another id", "no signature", ({ headers }) => (headers["webhook-id"] = "msg_2")],
    ["no id", "has no webhook-id or svix-id", ({ headers }) => delete headers["webhook-id"]],
    ["no time", "has no webhook-timestamp", ({ headers }) => delete headers["webhook-timestamp"]],
    ["no signature", "has no webhook-signature", ({ headers }) => delete headers["webhook-signature"]],
    [
      "a time that is none",
      "is no number of seconds",
      ({ headers }) => (headers["webhook-timestamp"] = "now"),
    ],
    [
      "another version's signature",
      "no signature",
      ({ headers }) => (headers["webhook-signature"] = "v2,AAAA"),
    ],
  ])("with %s is refused", (_title, message, change) => {
    const request = webhook();
    change(request);
    expect(() => verifyWebhook(request.body, request.headers, SECRET)).toThrow(message);
  });

  it.each([-301, 301])("of %i seconds from now is refused, unless more is allowed", (seconds) => {
    const { body, headers } = webhook("webhook", seconds);
    expect(() => verifyWebhook(body, headers, SECRET)).toThrow("is more than 300 seconds from now");
    expect(verifyWebhook(body, headers, SECRET, { tolerance: 400 })).toMatchObject({ é: 1 });
  });

  it("needs a secret that is one", () => {
    const { body, headers } = webhook();
    expect(() => verifyWebhook(body, headers, "whsec_é")).toThrow("secret: must be whsec_ and base64");
    expect(() => verifyWebhook(body, headers, [])).toThrow("secret: must not be empty");
  });
});
