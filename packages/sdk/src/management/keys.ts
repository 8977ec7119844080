import { act, type Api, call, managed, MANAGEMENT, queryOf } from "../core/api.ts";
import { optionalText, optionsOf, record, segment, text } from "../core/check.ts";
import { type Paged, paged } from "../core/pages.ts";
import { timeOf } from "../core/times.ts";
import type { CallOptions } from "../core/transport.ts";
import type { ApiKey, NewSigningKey, OffsetQuery, PublicKey, Reply, SigningKey } from "../wire.ts";

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
  async createApiKey(key: KeyName, options?: CallOptions): Promise<Reply<"managementApiKeyCreate">> {
    return this.#create("ws_api_key/", key, options);
  }

  /**
   * Dead at once.
   * @example
   * await carillon.keys.deleteApiKey("ws_apik_01KBCDEF");
   */
  async deleteApiKey(id: string, options?: CallOptions): Promise<void> {
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
  async createPublicKey(key: KeyName, options?: CallOptions): Promise<PublicKey> {
    return this.#create("ws_public_key/", key, options);
  }

  /**
   * Whether clients with this key need a user's token for everything.
   * @example
   * await carillon.keys.securePublicKey("ws_pubk_01KBCDEF", true);
   */
  async securePublicKey(id: string, isSecure: boolean, options?: CallOptions): Promise<PublicKey> {
    return call(this.#api, "PATCH", this.#path("ws_public_key", id), options, {
      ...MANAGEMENT,
      body: { is_secure_mode_enabled: isSecure },
      repeatable: true,
    });
  }

  /**
   * Which pages may use the key: their domains, or null for any. Apps may always.
   * @example
   * await carillon.keys.restrictPublicKey("ws_pubk_01KBCDEF", ["app.example.com", "*.example.org"]);
   */
  async restrictPublicKey(id: string, domains: string[] | null, options?: CallOptions): Promise<PublicKey> {
    return call(this.#api, "PATCH", this.#path("ws_public_key", id), options, {
      ...MANAGEMENT,
      body: { allowed_domains: domains },
      repeatable: true,
    });
  }

  /**
   * A new value under the same id; the old one is dead at once, or stays good until it expires.
   * @example
   * const expiresAt = new Date(Date.now() + 7 * 86_400_000);
   * const { api_key } = await carillon.keys.rotatePublicKey("ws_pubk_01KBCDEF", { expiresAt });
   */
  async rotatePublicKey(
    id: string,
    options: { expiresAt?: Date | string } & CallOptions = {},
  ): Promise<PublicKey> {
    const { expiresAt } = optionsOf(options);
    const body = expiresAt === undefined ? {} : { expiry_at: timeOf("expiresAt", expiresAt) };
    return call(this.#api, "PATCH", `${this.#path("ws_public_key", id)}rotate/`, options, {
      ...MANAGEMENT,
      body,
    });
  }

  /**
   * Another key for links to preference pages. Links in messages that were sent stay good unless they are revoked.
   * @example
   * await carillon.keys.rotatePreferenceLinkKey({ revoke: true });
   */
  async rotatePreferenceLinkKey(
    options: { revoke?: boolean } & CallOptions = {},
  ): Promise<Reply<"managementPreferenceLinkRotate">> {
    const { revoke } = optionsOf(options);
    return call(this.#api, "PATCH", managed(this.#api, "preference_link_key/rotate/"), options, {
      ...MANAGEMENT,
      body: revoke === undefined ? {} : { revoke },
    });
  }

  /**
   * @example
   * await carillon.keys.deletePublicKey("ws_pubk_01KBCDEF");
   */
  async deletePublicKey(id: string, options?: CallOptions): Promise<void> {
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
  async createSigningKey(options?: CallOptions): Promise<NewSigningKey> {
    return call(this.#api, "POST", managed(this.#api, "ws_signing_key/"), options, MANAGEMENT);
  }

  /**
   * Replaces a signing key; the old one stays good until it expires.
   * @example
   * const expiresAt = new Date(Date.now() + 86_400_000);
   * const { private_key_pem } = await carillon.keys.rollSigningKey("signing_key_20261130T120000", { expiresAt });
   */
  async rollSigningKey(
    uid: string,
    options: { expiresAt?: Date | string } & CallOptions = {},
  ): Promise<NewSigningKey> {
    const { expiresAt } = optionsOf(options);
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
  async deleteSigningKey(uid: string, options?: CallOptions): Promise<void> {
    return act(this.#api, "DELETE", this.#path("ws_signing_key", uid), options, MANAGEMENT);
  }

  #list<Key>(path: string, query: OffsetQuery & CallOptions): Paged<Key> {
    return paged(query, (next) =>
      call(this.#api, "GET", managed(this.#api, path), query, { ...MANAGEMENT, query: queryOf(next) }),
    );
  }

  async #create<Key>(path: string, key: KeyName, options: CallOptions | undefined): Promise<Key> {
    const { name, description } = record("key", key) as unknown as KeyName;
    const body = {
      name: text("name", name),
      description: optionalText("description", description, 1000),
    };
    return call(this.#api, "POST", managed(this.#api, path), options, { ...MANAGEMENT, body });
  }

  #path(kind: string, id: string): string {
    return managed(this.#api, `${kind}/${segment("id", id)}/`);
  }
}
