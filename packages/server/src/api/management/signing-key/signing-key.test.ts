import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import { createHub } from "../../../../test/hub.ts";
import { createManagement, type Management } from "../../../../test/management.ts";

const MICROS = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/) as string;
const ACTOR = { name: "API Service", email: "" };

interface Made {
  id: string;
  uid: string;
  private_key_pem: string;
  private_key_base64: string;
}

const make = async (management: Management) => (await management.call("POST", "ws_signing_key")).body as Made;
const list = async (management: Management) =>
  ((await management.call("GET", "ws_signing_key")).body as { results: Record<string, unknown>[] }).results;

const refused = (reason: string) => ({
  status: 400,
  body: {
    code: 400,
    error_code: "error",
    type: "ValidationError",
    message: JSON.stringify([reason]),
    detail: [reason],
  },
});

describe("/v1/{workspace}/ws_signing_key/", () => {
  it("201: makes a P-256 key whose private half is shown once and not stored", async ({
    hub,
    management,
  }) => {
    const { status, body } = await management.call("POST", "ws_signing_key");
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.stringMatching(/^ws_signk_/),
      uid: expect.stringMatching(/^signing_key_\d{8}T\d{6}$/),
      status: "active",
      allowed_domains: null,
      expiry_at: null,
      created_at: MICROS,
      created_by: ACTOR,
      rolled_at: null,
      rolled_by: null,
      deleted_at: null,
      deleted_by: null,
      private_key_pem: expect.stringMatching(/^-----BEGIN PRIVATE KEY-----\n/),
      private_key_base64: expect.any(String),
    });
    const { private_key_pem, private_key_base64, ...shown } = body as Made;
    expect(Buffer.from(private_key_base64, "base64").toString()).toBe(private_key_pem);
    expect(await list(management)).toEqual([shown]);

    const rows = await hub.services.db.query<{ public_key: string }>(
      "select * from signing_key where workspace_id = $1",
      [hub.workspace_id],
    );
    expect(JSON.stringify(rows)).not.toContain("PRIVATE KEY");
    const signature = sign("sha256", Buffer.from("a claim"), createPrivateKey(private_key_pem));
    const stored = createPublicKey(rows[0]?.public_key ?? "");
    expect(stored.asymmetricKeyDetails).toMatchObject({ namedCurve: "prime256v1" });
    expect(verify("sha256", Buffer.from("a claim"), stored, signature)).toBe(true);
  });

  it("400: a second active key", async ({ management }) => {
    await make(management);
    const second = await management.call("POST", "ws_signing_key");
    expect(second).toEqual(refused("only 1 active signing key is allowed"));
    expect(await list(management)).toHaveLength(1);
  });

  it("201: rolling makes a new key, and gives the old one its grace", async ({ management }) => {
    const old = await make(management);
    const expiry_at = "2099-01-02T03:04:05Z";
    const rolled = await management.call("POST", `ws_signing_key/${old.uid}/roll`, { expiry_at });
    expect(rolled).toMatchObject({
      status: 201,
      body: { status: "active", expiry_at: null, created_by: ACTOR },
    });
    const made = rolled.body as Made;
    expect(made.uid > old.uid).toBe(true);
    expect(made.private_key_pem).not.toBe(old.private_key_pem);
    const again = await management.call("POST", `ws_signing_key/${made.uid}/roll`);
    expect(again.status).toBe(201);
    expect(await list(management)).toMatchObject([
      { uid: (again.body as Made).uid, status: "active" },
      { uid: made.uid, status: "rolled", expiry_at: null },
      {
        uid: old.uid,
        status: "rolled",
        expiry_at: "2099-01-02T03:04:05.000000Z",
        rolled_at: MICROS,
        rolled_by: ACTOR,
      },
    ]);
    expect(await management.call("POST", `ws_signing_key/${old.uid}/roll`)).toEqual(
      refused("only the active signing key can be rolled"),
    );
    expect(
      await management.call("POST", `ws_signing_key/${made.uid}/roll`, { expiry_at: "soon" }),
    ).toMatchObject({
      status: 400,
      body: { detail: { expiry_at: ["must be an RFC 3339 date-time"] } },
    });
  });

  it("204: a deleted key makes room for another, and is still listed", async ({ management, harness }) => {
    const { uid } = await make(management);
    const other = createManagement(harness, (await createHub(harness)).workspace);
    expect((await other.call("DELETE", `ws_signing_key/${uid}`)).status).toBe(404);
    expect(await management.call("DELETE", `ws_signing_key/${uid}`)).toEqual({ status: 204, body: null });
    const notFound = { status: 404, body: { message: `signing key '${uid}' not found` } };
    expect(await management.call("DELETE", `ws_signing_key/${uid}`)).toMatchObject(notFound);
    expect(await management.call("POST", `ws_signing_key/${uid}/roll`)).toMatchObject(notFound);
    const next = await make(management);
    expect(await list(management)).toMatchObject([
      { uid: next.uid, deleted_at: null },
      { uid, deleted_at: MICROS, deleted_by: ACTOR },
    ]);
  });

  it("makes one active key when two calls come at once", async ({ management }) => {
    const answers = await Promise.all([1, 2, 3].map(() => management.call("POST", "ws_signing_key")));
    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([
      201, 400, 400,
    ]);
  });
});
