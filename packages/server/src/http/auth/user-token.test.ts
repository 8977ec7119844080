import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { VerifyingKey } from "../../workspaces/keys.ts";
import { verifyUserToken } from "./user-token.ts";

interface Pair {
  publicKey: KeyObject;
  privateKey: KeyObject;
}

const newPair = (): Pair => generateKeyPairSync("ec", { namedCurve: "P-256" });
const pair = newPair();
const keyOf = ({ publicKey }: Pair): VerifyingKey => ({ id: "k", key: publicKey, valid_until: null });
const KEYS = [keyOf(pair)];

const now = () => Math.floor(Date.now() / 1000);
const GOOD = () => ({ entity_type: "subscriber", entity_id: "ann", iat: now(), exp: now() + 3600 });
const HEADER = { alg: "ES256", typ: "JWT" };

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const bytesOf = (text: string) => Buffer.from(text);

function es256(claims: unknown, { privateKey }: Pair = pair, header: object = HEADER): string {
  const signed = `${part(header)}.${part(claims)}`;
  const signature = sign("sha256", bytesOf(signed), { key: privateKey, dsaEncoding: "ieee-p1363" });
  return `${signed}.${signature.toString("base64url")}`;
}

const verify = (token: string, keys = KEYS) => verifyUserToken(token, keys);
const refusal = (reason: string) => ({
  code: "token_invalid",
  status: 401,
  message: `invalid user token: ${reason}`,
});

it("is taken as the specification's vector has it, which expires in 2100", async () => {
  const token =
    "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJlbnRpdHlfdHlwZSI6InN1YnNjcmliZXIiLCJlbnRpdHlfaWQiOiJ1LTEiLCJpYXQiOjE3OTUxOTAwMDAsImV4cCI6NDEwMjQ0NDgwMCwic2NvcGUiOnsidGVuYW50X2lkIjoidDEifX0.hnGt9AXvr5iHb-uKtT5o1VMQdVxnye2mN-NaNn7YqiVtg7z5S--W8TxTmCQcRI9QVXZgVCIXmDa1sNyZOAoiZQ";
  const jwk = {
    kty: "EC",
    crv: "P-256",
    x: "XwxG_5OvZa2IXcS0pFcsLNOkWFA9CataKGvOk55q9bU",
    y: "X7wNdtJR76pD8TT9oNEz90xC3yGl1oTCVeJVv1RSdfY",
  };
  const key = createPublicKey({ key: jwk, format: "jwk" });
  expect(await verify(token, [{ id: "k", key, valid_until: null }])).toEqual({
    distinct_id: "u-1",
    tenants: ["t1"],
    expires_at: 4_102_444_800,
  });
});

describe("a token's tenants", () => {
  it.each([
    [undefined, ["default"]],
    [null, ["default"]],
    [{}, ["default"]],
    [{ tenant_id: null }, ["default"]],
    [{ tenant_id: "" }, ["default"]],
    [{ tenant_id: "acme" }, ["acme"]],
    [{ tenant_id: ["acme", "default"] }, ["acme", "default"]],
    [{ tenant_id: [] }, []],
  ])("of scope %j are %j", async (scope, tenants) => {
    expect(await verify(es256({ ...GOOD(), scope }))).toMatchObject({ distinct_id: "ann", tenants });
  });

  it.each([
    ["acme", "scope must be an object"],
    [["acme"], "scope must be an object"],
    [{ tenant_id: 1 }, "scope.tenant_id must be a tenant's id, or an array of them"],
    [{ tenant_id: { or: ["acme"] } }, "scope.tenant_id must be a tenant's id, or an array of them"],
    [{ tenant_id: ["acme", ""] }, "scope.tenant_id must be a tenant's id, or an array of them"],
    [{ tenant_id: [["acme"]] }, "scope.tenant_id must be a tenant's id, or an array of them"],
  ])("401: scope %j", async (scope, reason) => {
    await expect(verify(es256({ ...GOOD(), scope }))).rejects.toMatchObject(refusal(reason));
  });
});

describe("a token is taken", () => {
  it.each([
    ["without iat", { iat: undefined }],
    ["with exp in the far future", { exp: 4_102_444_800 }],
    ["with iat a little in the future, as of a clock that is fast", { iat: now() + 60 }],
    ["with exp a little in the past, as of a clock that is slow", { exp: now() - 2 }],
    ["with claims that nobody asked for", { aud: "app", email: "ann@example.com" }],
  ])("%s", async (_title, claims) => {
    expect(await verify(es256({ ...GOOD(), ...claims }))).toEqual({
      distinct_id: "ann",
      tenants: ["default"],
      expires_at: "exp" in claims ? claims.exp : expect.any(Number),
    });
  });

  it("with a number for an id, as its text", async () => {
    expect(await verify(es256({ ...GOOD(), entity_id: 42 }))).toMatchObject({ distinct_id: "42" });
  });

  it("by each key that is valid, the rolled one too", async () => {
    const rolled = newPair();
    expect(await verify(es256(GOOD(), rolled), [...KEYS, keyOf(rolled)])).toMatchObject({
      distinct_id: "ann",
    });
  });
});

describe("401: a token", () => {
  it.each([
    ["that has expired", { exp: now() - 60 }, "it has expired"],
    ["without exp", { exp: undefined }, "exp is missing"],
    ["with an exp that is no number", { exp: "tomorrow" }, "exp must be a number"],
    ["with an exp of null", { exp: null }, "exp must be a number"],
    [
      "with exp in milliseconds",
      { exp: Date.now() + 3_600_000 },
      "exp must be in seconds, and is in milliseconds",
    ],
    [
      "with iat in the future",
      { iat: now() + 3600 },
      "iat is in the future: correct the clock of the server that signs, or give seconds",
    ],
    ["with iat that is no number", { iat: "now" }, "iat must be a number"],
    ["with nbf in the future", { nbf: now() + 3600 }, "nbf is in the future"],
    ["for something else than a subscriber", { entity_type: "template" }, "entity_type must be 'subscriber'"],
    ["without a type", { entity_type: undefined }, "entity_type must be 'subscriber'"],
    ["without an id", { entity_id: undefined }, "entity_id must be a user's id"],
    ["with an empty id", { entity_id: "" }, "entity_id must be a user's id"],
    ["with an id that is an object", { entity_id: { $ne: "" } }, "entity_id must be a user's id"],
  ])("%s", async (_title, claims, reason) => {
    await expect(verify(es256({ ...GOOD(), ...claims }))).rejects.toMatchObject(refusal(reason));
  });

  const FORGED = "it is signed by none of the workspace's signing keys";
  const pem = pair.publicKey.export({ type: "spki", format: "pem" }).toString();
  const mac = (header: object) => {
    const signed = `${part(header)}.${part(GOOD())}`;
    return `${signed}.${createHmac("sha256", pem).update(signed).digest("base64url")}`;
  };
  const withOther = (token: string, index: number, text: string) =>
    token.split(".").with(index, text).join(".");

  it.each([
    ["signed by another key", es256(GOOD(), newPair()), FORGED],
    ["whose claims were changed", withOther(es256(GOOD()), 1, part({ ...GOOD(), entity_id: "bob" })), FORGED],
    ["without a signature", withOther(es256(GOOD()), 2, ""), FORGED],
    [
      "with a signature of zeros",
      withOther(es256(GOOD()), 2, Buffer.alloc(64).toString("base64url")),
      FORGED,
    ],
    ["with alg none", `${part({ alg: "none" })}.${part(GOOD())}.`, "alg must be ES256"],
    ["with alg None", `${part({ alg: "None" })}.${part(GOOD())}.`, "alg must be ES256"],
    ["with HS256 and the public key as secret", mac({ alg: "HS256" }), "alg must be ES256"],
    ["with that under ES256", mac(HEADER), FORGED],
    ["with alg ES384", es256(GOOD(), pair, { alg: "ES384" }), "alg must be ES256"],
    ["without alg", es256(GOOD(), pair, { typ: "JWT" }), "it is no signed JSON Web Token"],
    [
      "with a key of its own in the header",
      es256(GOOD(), newPair(), { ...HEADER, jwk: pair.publicKey.export({ format: "jwk" }) }),
      FORGED,
    ],
    [
      "with a critical header that we do not know",
      es256(GOOD(), pair, { ...HEADER, crit: ["x"], x: 1 }),
      "it is no signed JSON Web Token",
    ],
    ["whose claims are an array", es256([GOOD()]), "it is no signed JSON Web Token"],
    ["of two parts", `${part(HEADER)}.${part(GOOD())}`, "it is no signed JSON Web Token"],
    ["that is a word", "undefined", "it is no signed JSON Web Token"],
    ["that is endless dots", ".".repeat(5000), "it is no signed JSON Web Token"],
  ])("%s", async (_title, token, reason) => {
    await expect(verify(token)).rejects.toMatchObject(refusal(reason));
  });

  it("where the workspace has no signing key", async () => {
    await expect(verify(es256(GOOD()), [])).rejects.toMatchObject(
      refusal("the workspace has no signing key"),
    );
  });
});
