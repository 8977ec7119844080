import { act, type Api, call, managed, MANAGEMENT, queryOf } from "../core/api.ts";
import { optionalText, segment, text } from "../core/check.ts";
import { type Paged, paged } from "../core/pages.ts";
import { timeOf } from "../core/times.ts";
import type { CallOptions } from "../core/transport.ts";
import type { OffsetQuery } from "../wire.ts";
import type { ApiKey, NewSigningKey, PublicKey, SigningKey } from "../wire-more.ts";

/** What a key is called. */
export interface KeyName {
  name: string;
  description?: string;
}

/** API keys, public keys of clients, and signing keys of users' tokens. Needs a service token. */
export class Keys {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * Masked.
   * @example
   * for await (const key of carillon.keys.apiKeys()) console.log(key.name, key.masked_api_key);
   */
  apiKeys(query: OffsetQuery & CallOptions = {}): Paged<ApiKey> {
    return this.#list("ws_api_key/", query);
  }

  /**
   * The key itself is in this reply and never again.
   * @example
   * const { api_key } = await carillon.keys.createApiKey({ name: "billing" });
   */
  createApiKey(key: KeyName, options?: CallOptions): Promise<ApiKey & { api_key: string }> {
    return this.#create("ws_api_key/", key, options);
  }

  /**
   * Dead at once.
   * @example
   * await carillon.keys.deleteApiKey("ws_apik_01KBCDEF");
   */
  deleteApiKey(id: string, options?: CallOptions): Promise<void> {
    return act(this.#api, "DELETE", this.#path("ws_api_key", id), options, MANAGEMENT);
  }

  /**
   * @example
   * for await (const key of carillon.keys.publicKeys()) console.log(key.api_key, key.is_secure_mode_enabled);
   */
  publicKeys(query: OffsetQuery & CallOptions = {}): Paged<PublicKey> {
    return this.#list("ws_public_key/", query);
  }

  /**
   * @example
   * const { api_key } = await carillon.keys.createPublicKey({ name: "web" });
   */
  createPublicKey(key: KeyName, options?: CallOptions): Promise<PublicKey> {
    return this.#create("ws_public_key/", key, options);
  }

  /**
   * Whether clients with this key need a user's token for everything.
   * @example
   * await carillon.keys.securePublicKey("ws_pubk_01KBCDEF", true);
   */
  securePublicKey(id: string, isSecure: boolean, options?: CallOptions): Promise<PublicKey> {
    return call(this.#api, "PATCH", this.#path("ws_public_key", id), options, {
      ...MANAGEMENT,
      body: { is_secure_mode_enabled: isSecure },
      repeatable: true,
    });
  }

  /**
   * A new value under the same id; the old one is dead at once.
   * @example
   * const { api_key } = await carillon.keys.rotatePublicKey("ws_pubk_01KBCDEF");
   */
  rotatePublicKey(id: string, options?: CallOptions): Promise<PublicKey> {
    return call(this.#api, "PATCH", `${this.#path("ws_public_key", id)}rotate/`, options, MANAGEMENT);
  }

  /**
   * @example
   * await carillon.keys.deletePublicKey("ws_pubk_01KBCDEF");
   */
  deletePublicKey(id: string, options?: CallOptions): Promise<void> {
    return act(this.#api, "DELETE", this.#path("ws_public_key", id), options, MANAGEMENT);
  }

  /**
   * @example
   * for await (const key of carillon.keys.signingKeys()) console.log(key.uid, key.status);
   */
  signingKeys(query: OffsetQuery & CallOptions = {}): Paged<SigningKey> {
    return this.#list("ws_signing_key/", query);
  }

  /**
   * The private half is in this reply and never again: it is what `createUserTokens` takes.
   * @example
   * const { private_key_pem } = await carillon.keys.createSigningKey();
   */
  createSigningKey(options?: CallOptions): Promise<NewSigningKey> {
    return call(this.#api, "POST", managed(this.#api, "ws_signing_key/"), options, MANAGEMENT);
  }

  /**
   * Replaces a signing key; the old one stays good until it expires.
   * @example
   * const expiresAt = new Date(Date.now() + 86_400_000);
   * const { private_key_pem } = await carillon.keys.rollSigningKey("signing_key_20261130T120000", { expiresAt });
   */
  rollSigningKey(
    uid: string,
    { expiresAt, ...options }: { expiresAt?: Date | string } & CallOptions = {},
  ): Promise<NewSigningKey> {
    const body = expiresAt === undefined ? {} : { expiry_at: timeOf("expiresAt", expiresAt) };
    return call(this.#api, "POST", `${this.#path("ws_signing_key", uid)}roll/`, options, {
      ...MANAGEMENT,
      body,
    });
  }

  /**
   * @example
   * await carillon.keys.deleteSigningKey("signing_key_20261130T120000");
   */
  deleteSigningKey(uid: string, options?: CallOptions): Promise<void> {
    return act(this.#api, "DELETE", this.#path("ws_signing_key", uid), options, MANAGEMENT);
  }

  #list<Key>(path: string, query: OffsetQuery & CallOptions): Paged<Key> {
    return paged(query, (next) =>
      call(this.#api, "GET", managed(this.#api, path), query, { ...MANAGEMENT, query: queryOf(next) }),
    );
  }

  #create<Key>(path: string, key: KeyName, options: CallOptions | undefined): Promise<Key> {
    const body = {
      name: text("name", key.name),
      description: optionalText("description", key.description, 1000),
    };
    return call(this.#api, "POST", managed(this.#api, path), options, { ...MANAGEMENT, body });
  }

  #path(kind: string, id: string): string {
    return managed(this.#api, `${kind}/${segment("id", id)}/`);
  }
}
