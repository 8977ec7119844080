import { generateKeyPairSync } from "node:crypto";
import { describe, expect } from "vitest";
import { onApi as it } from "../../../test/fixture.ts";
import { createClient, signToken } from "../../../test/client/client.ts";
import { createHub } from "../../../test/hub.ts";
import { inboxSubscriberId } from "../../workspaces/workspaces.ts";
import { admitPerson, type ClientAuth, proveClient, proveLegacySubscriber } from "./client.ts";

const PREFERENCES = "/v2/subscriber/ann/full_preference";

/** In the shape that every client reads. */
const refusal = (status: number, type: string, message: string) => ({
  status,
  json: {
    status: "error",
    code: status,
    message,
    type,
    detail: message,
    error_code: type,
    error: { type, message },
  },
});

const invalid = (reason: string) => refusal(401, "token_invalid", `invalid user token: ${reason}`);
const MISSING = invalid("none was sent in x-ss-signature, and the key alone is not enough");
const FORGED = invalid("it is signed by none of the workspace's signing keys");
const NO_KEY = refusal(
  401,
  "authentication_failed",
  "Not Authenticated - Authorization must be a public key of the workspace: it begins with SS.PUBK.",
);

describe("a public key", () => {
  it("200: in secure mode with a token, without it with none", async ({ client }) => {
    expect(await client.call("GET", PREFERENCES)).toMatchObject({ status: 200 });
    const open = { authorization: client.openKey };
    expect(await client.call("GET", PREFERENCES, { as: null, headers: open })).toMatchObject({ status: 200 });
    expect(await client.call("GET", PREFERENCES, { headers: open })).toMatchObject({ status: 200 });
  });

  it("401: in secure mode without a token, or with an empty one as Android sends it", async ({ client }) => {
    expect(await client.call("GET", PREFERENCES, { as: null })).toMatchObject(MISSING);
    const empty = { "x-ss-signature": "" };
    expect(await client.call("GET", PREFERENCES, { as: null, headers: empty })).toMatchObject(MISSING);
    const open = { ...empty, authorization: client.openKey };
    expect(await client.call("GET", PREFERENCES, { as: null, headers: open })).toMatchObject({ status: 200 });
  });

  it("401: without secure mode with a wrong token all the same", async ({ client }) => {
    const headers = { authorization: client.openKey, "x-ss-signature": "undefined" };
    expect(await client.call("GET", PREFERENCES, { as: null, headers })).toMatchObject(
      invalid("it is no signed JSON Web Token"),
    );
  });

  it.for(["", "SS.PUBK.unknown", "undefined", "Bearer x", "a:b"])(
    "401: %j",
    async (authorization, { client }) => {
      expect(await client.call("GET", PREFERENCES, { headers: { authorization } })).toMatchObject(NO_KEY);
    },
  );

  it("401: after it was deleted", async ({ client, management }) => {
    expect(await client.call("GET", PREFERENCES)).toMatchObject({ status: 200 });
    await management.call("DELETE", `ws_public_key/${client.publicKeyId}`);
    expect(await client.call("GET", PREFERENCES)).toMatchObject(NO_KEY);
  });

  it("401: its old value after a rotation, unless that has a grace, and then until it ends", async ({
    client,
    management,
  }) => {
    const rotate = (body?: object) =>
      management.call("PATCH", `ws_public_key/${client.publicKeyId}/rotate`, body);
    const withKey = (authorization: string) =>
      client.call("GET", PREFERENCES, { headers: { authorization } });
    const first = client.publicKey;
    const second = (await rotate()).body as { api_key: string };
    expect(await withKey(first)).toMatchObject(NO_KEY);
    expect(await withKey(second.api_key)).toMatchObject({ status: 200 });
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    const third = (await rotate({ expiry_at: soon })).body as { api_key: string };
    expect(await withKey(second.api_key)).toMatchObject({ status: 200 });
    expect(await withKey(third.api_key)).toMatchObject({ status: 200 });
    const past = new Date(Date.now() - 1000).toISOString();
    const fourth = (await rotate({ expiry_at: past })).body as { api_key: string };
    expect(await withKey(second.api_key)).toMatchObject(NO_KEY);
    expect(await withKey(third.api_key)).toMatchObject(NO_KEY);
    expect(await withKey(fourth.api_key)).toMatchObject({ status: 200 });
    expect(await rotate({ expiry_at: "soon" })).toMatchObject({
      status: 400,
      body: { detail: { expiry_at: ["must be an RFC 3339 date-time"] } },
    });
  });
});

describe("a token", () => {
  it("401: forged, expired, without exp", async ({ client }) => {
    const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    const forged = { "x-ss-signature": await signToken(stranger, "ann") };
    expect(await client.call("GET", PREFERENCES, { as: null, headers: forged })).toMatchObject(FORGED);
    expect(await client.call("GET", PREFERENCES, { claims: { exp: 1_700_000_000 } })).toMatchObject(
      invalid("it has expired"),
    );
    expect(await client.call("GET", PREFERENCES, { claims: { exp: undefined } })).toMatchObject(
      invalid("exp is missing"),
    );
  });

  it("401: signed by the key of another workspace", async ({ client, harness }) => {
    const { workspace } = await createHub(harness);
    const other = await createClient(harness, workspace);
    const headers = { "x-ss-signature": await other.sign("ann") };
    expect(await client.call("GET", PREFERENCES, { as: null, headers })).toMatchObject(FORGED);
  });

  it("401: signed by a key that was deleted, or rolled without a grace, or whose grace is over", async ({
    client,
    management,
  }) => {
    const token = { "x-ss-signature": await client.sign("ann") };
    const ask = () => client.call("GET", PREFERENCES, { as: null, headers: token });
    const roll = async (expiry_at?: string) => {
      const { body } = await management.call("GET", "ws_signing_key");
      const { uid } = (body as { results: { uid: string; status: string }[] }).results.find(
        ({ status }) => status === "active",
      ) ?? { uid: "" };
      await management.call("POST", `ws_signing_key/${uid}/roll`, { expiry_at });
      return uid;
    };
    expect(await ask()).toMatchObject({ status: 200 });
    const uid = await roll(new Date(Date.now() + 3_600_000).toISOString());
    expect(await ask()).toMatchObject({ status: 200 });
    await management.call("DELETE", `ws_signing_key/${uid}`);
    expect(await ask()).toMatchObject(FORGED);
  });

  it("401: signed by a key that was rolled without a grace", async ({ client, management, hub }) => {
    const token = { "x-ss-signature": await client.sign("ann") };
    const ask = () => client.call("GET", PREFERENCES, { as: null, headers: token });
    const { body } = await management.call("GET", "ws_signing_key");
    const [key] = (body as { results: { uid: string }[] }).results;
    await management.call("POST", `ws_signing_key/${key?.uid}/roll`);
    expect(await ask()).toMatchObject(FORGED);
    // One that had a grace, which is over.
    await hub.services.db.query(
      "update signing_key set expiry_at = now() - interval '1 second' where uid = $1",
      [key?.uid],
    );
    hub.services.workspaces.forget();
    expect(await ask()).toMatchObject(FORGED);
  });

  it("403: of another user", async ({ client }) => {
    expect(await client.call("GET", PREFERENCES, { as: "bob" })).toMatchObject(
      refusal(403, "permission_denied", "the token is for another user than 'ann'"),
    );
    const open = { headers: { authorization: client.openKey } };
    expect(await client.call("GET", PREFERENCES, { as: "bob", ...open })).toMatchObject({ status: 403 });
  });

  it("403: of another tenant; 200 in one of several", async ({ client, hub }) => {
    for (const tenant of ["acme", "beta"])
      await hub.call("POST", `/v1/tenant/${tenant}/`, { tenant_name: tenant });
    const ask = (tenant: string | null, scope?: object) =>
      client.call("GET", tenant === null ? PREFERENCES : `${PREFERENCES}?tenant_id=${tenant}`, {
        claims: { scope },
      });
    expect(await ask("acme")).toMatchObject(
      refusal(403, "permission_denied", "the token is not for tenant 'acme': name it in scope.tenant_id"),
    );
    expect(await ask("acme", { tenant_id: "beta" })).toMatchObject({ status: 403 });
    expect(await ask(null, { tenant_id: "acme" })).toMatchObject({ status: 403 });
    expect(await ask("acme", { tenant_id: [] })).toMatchObject({ status: 403 });
    expect(await ask("acme", { tenant_id: "acme" })).toMatchObject({ status: 200 });
    expect(await ask("beta", { tenant_id: ["acme", "beta"] })).toMatchObject({ status: 200 });
    expect(await ask("default", { tenant_id: ["acme", "beta"] })).toMatchObject({ status: 403 });
  });
});

describe("proveClient, for sockets", () => {
  it("proves what the endpoints prove", async ({ client, hub }) => {
    const { services } = hub;
    const token = await client.sign("ann", { scope: { tenant_id: ["acme"] } });
    expect(await proveClient(services, { public_key: client.publicKey, token })).toMatchObject({
      workspace: { workspace_id: hub.workspace_id },
      person: { distinct_id: "ann", tenants: ["acme"] },
    });
    expect(await proveClient(services, { public_key: client.openKey, token: null })).toMatchObject({
      person: null,
    });
    await expect(proveClient(services, { public_key: client.publicKey, token: "" })).rejects.toMatchObject({
      code: "token_invalid",
    });
    await expect(proveClient(services, { public_key: "", token })).rejects.toMatchObject({
      code: "not_authenticated",
    });
  });
});

describe("a legacy subscriber", () => {
  it("is proven by the specification's vectors", async ({ hub }) => {
    const workspace = { ...hub.workspace, inbox_secret: "inbox_shared_secret" };
    const idOf = (distinct_id: string) => inboxSubscriberId(workspace, { object_type: "", distinct_id });
    expect(idOf("u-1")).toBe("sAyuOget4m_oXqrbYmrPTCd1z3dRdHSRpLG2yPBjonA");
    expect(idOf("john@doe.com")).toBe("G0UnlvjlbeS-2L7LzvckZqCdYVtBQrAnX1nLD81KzgY");
  });

  it("is the one of its subscriber_id, in any tenant, whatever follows the key", async ({ hub }) => {
    const { services, workspace, wsKey } = hub;
    const subscriber_id = inboxSubscriberId(workspace, { object_type: "", distinct_id: "ann" });
    const prove = (proof: object, authorization = `${wsKey}:`) =>
      proveLegacySubscriber(services, { authorization, subscriber_id, distinct_id: "ann", ...proof });
    for (const authorization of [`${wsKey}:`, `${wsKey}:7b6a2d0e-6a55-4c3f-9d53-ff6f9a9c8a11`]) {
      const auth = await prove({}, authorization);
      expect(auth.person).toEqual({ distinct_id: "ann", tenants: null, expires_at: null });
      expect(() => admitPerson(auth, { distinct_id: "ann", tenant_id: "acme" })).not.toThrow();
      expect(() => admitPerson(auth, { distinct_id: "bob", tenant_id: "default" })).toThrow("another user");
    }
    for (const proof of [
      { distinct_id: "bob" },
      { subscriber_id: "" },
      { subscriber_id: undefined },
      { subscriber_id: `${subscriber_id}=` },
      { subscriber_id: [subscriber_id] },
      { distinct_id: "" },
    ]) {
      await expect(prove(proof)).rejects.toMatchObject({ status: 401, message: /subscriber_id is not/ });
    }
    for (const authorization of ["", ":", "unknown:", `:${wsKey}`]) {
      await expect(prove({}, authorization)).rejects.toMatchObject({ status: 401 });
    }
  });

  it("is not proven by the key of another workspace, nor by one that is switched off", async ({
    hub,
    harness,
  }) => {
    const { services, workspace, wsKey } = hub;
    const other = await createHub(harness);
    const subscriber_id = inboxSubscriberId(workspace, { object_type: "", distinct_id: "ann" });
    const proof = { subscriber_id, distinct_id: "ann" };
    const by = (key: string) => proveLegacySubscriber(services, { authorization: `${key}:`, ...proof });
    await expect(by(other.wsKey)).rejects.toMatchObject({ status: 401 });
    await by(wsKey);
    await services.workspaces.revoke(workspace, wsKey);
    await expect(by(wsKey)).rejects.toMatchObject({ status: 401 });
  });
});

describe("admitPerson", () => {
  const nobody: ClientAuth = { ...({} as ClientAuth), person: null, needs_proof: false };
  const ann = { distinct_id: "ann", tenant_id: "default" };

  it("admits a caller without proof only where none is needed", () => {
    expect(() => admitPerson(nobody, ann)).not.toThrow();
    expect(() => admitPerson({ ...nobody, needs_proof: true }, ann)).toThrow(
      "none was sent in x-ss-signature",
    );
  });
});
