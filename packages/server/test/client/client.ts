import { createPrivateKey, type KeyObject } from "node:crypto";
import { SignJWT } from "jose";
import { createPublicKey, createSigningKey } from "../../src/workspaces/keys.ts";
import type { Workspace } from "../../src/workspaces/workspaces.ts";
import type { Server } from "../harness.ts";
import type { Answer } from "../hub.ts";

/** The client surface of a workspace, as a browser or an app sees it. */
export interface Client {
  /** In secure mode. */
  publicKey: string;
  publicKeyId: string;
  /** Of the same workspace, without secure mode. */
  openKey: string;
  signingKey: KeyObject;
  /** A token as the workspace's own server signs it, for an hour. */
  sign: (distinct_id: string, claims?: Record<string, unknown>) => Promise<string>;
  /** With the secure key, and the token of `as`; null: without a token. */
  call: (method: ClientMethod, url: string, options?: CallOptions) => Promise<ClientAnswer>;
}

export type ClientMethod = "GET" | "POST" | "PATCH" | "OPTIONS";

export interface ClientAnswer extends Answer {
  headers: Record<string, unknown>;
}

export interface CallOptions {
  body?: unknown;
  /** Whose token is sent; the default is ann. Null: none. */
  as?: string | null;
  /** Further claims of it. */
  claims?: Record<string, unknown>;
  /** Other headers, or others than usual. */
  headers?: Record<string, string>;
}

export async function createClient(
  { app, services }: Pick<Server, "app" | "services">,
  { workspace_id }: Workspace,
): Promise<Client> {
  const { db, ids, workspaces } = services;
  const makeKey = async (name: string, is_secure: boolean) => {
    const id = await createPublicKey(db, workspace_id, { name, description: null }, { actor: null }, ids);
    const [row] = await db.query<{ api_key: string }>(
      "update public_key set is_secure_mode_enabled = $2 where id = $1 returning api_key",
      [id, is_secure],
    );
    return { id, api_key: row?.api_key ?? "" };
  };
  const secure = await makeKey("secure", true);
  const open = await makeKey("open", false);
  const made = await createSigningKey(db, workspace_id, null, ids);
  if (made === null) throw new Error("the workspace has a signing key already");
  workspaces.forget();
  const signingKey = createPrivateKey(made.private_key_pem);
  const sign: Client["sign"] = (distinct_id, claims = {}) => signToken(signingKey, distinct_id, claims);
  return {
    publicKey: secure.api_key,
    publicKeyId: secure.id,
    openKey: open.api_key,
    signingKey,
    sign,
    async call(method, url, { body, as = "ann", claims, headers = {} } = {}) {
      const reply = await app.inject({
        method,
        url,
        headers: {
          authorization: secure.api_key,
          // On GET too, as the SDKs send it.
          "content-type": "application/json",
          ...(as === null ? {} : { "x-ss-signature": await sign(as, claims) }),
          ...headers,
        },
        ...(body === undefined ? {} : { payload: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      return {
        status: reply.statusCode,
        type: String(reply.headers["content-type"]),
        text: reply.body,
        json: String(reply.headers["content-type"]).includes("json") ? reply.json() : undefined,
        headers: reply.headers,
      };
    },
  };
}

export function signToken(
  key: KeyObject,
  distinct_id: string,
  claims: Record<string, unknown> = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const payload = { entity_type: "subscriber", entity_id: distinct_id, iat: now, exp: now + 3600, ...claims };
  return new SignJWT(payload).setProtectedHeader({ alg: "ES256", typ: "JWT" }).sign(key);
}
