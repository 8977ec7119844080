import { type Api, call, callOptions, queryOf } from "../core/api.ts";
import { type BulkResult, EVENTS, postRecords, sendAll } from "../core/bulk.ts";
import { ids, optionsOf, record, segment, tenantId, text } from "../core/check.ts";
import { type Paged, paged } from "../core/pages.ts";
import { type Edit, toEdit } from "../core/profile-edit.ts";
import { editRecord } from "../core/records.ts";
import type { CallOptions } from "../core/transport.ts";
import type { CursorQuery, ItemOf, Profile, QueryFor, Reply, User } from "../wire.ts";
import { UserTenants } from "./user-tenants.ts";

/** An edit of one user among many. */
export interface UserEditRecord {
  user: string;
  edit: Edit;
  /** Edits the user's profile in this tenant. */
  tenant?: string;
}

export type ErasureReceipt = Reply<"hubUserErasureGet">;
type ExportPage = Reply<"hubUserExport">;
export type UserExport = Omit<ExportPage, "meta">;

/** The lists of an export, which its pages share out. */
const EXPORTED = [
  "tenants",
  "lists",
  "subscriptions",
  "inbox",
  "executions",
  "messages",
  "events",
] as const satisfies readonly (keyof UserExport)[];

/** Users: profiles, addresses, and what they are subscribed to. */
export class Users {
  /** Profiles that differ in a tenant. */
  readonly tenants: UserTenants;
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
    this.tenants = new UserTenants(api);
  }

  /**
   * All users, newest first.
   * @example
   * for await (const user of carillon.users.list({ limit: 100 })) console.log(user.distinct_id);
   */
  list(query: QueryFor<"hubUserList"> & CallOptions = {}): Paged<ItemOf<"hubUserList">> {
    return paged(query, (next) => call(this.#api, "GET", "v1/user/", query, { query: queryOf(next) }));
  }

  /**
   * @example
   * const { properties } = await carillon.users.get("ada");
   */
  async get(user: string, options?: CallOptions): Promise<User> {
    return call(this.#api, "GET", path(user), options);
  }

  /**
   * Creates a user, or adds to one: properties are written key by key, addresses are added.
   * @example
   * await carillon.users.upsert("ada", { $email: "ada@example.com", name: "Ada" });
   */
  async upsert(user: string, profile: Profile = {}, options?: CallOptions): Promise<User> {
    const body = record("profile", profile);
    return call(this.#api, "POST", path(user), options, { body, repeatable: true });
  }

  /**
   * Applies steps in order, all or none. An edit that increments or appends properties is not sent again if its answer
   * gets lost: it would count twice.
   * @example
   * await carillon.users.edit("ada", (user) => user.addSms("+14155552671").set({ plan: "gold" }).increment({ logins: 1 }));
   */
  async edit(user: string, edit: Edit, options?: CallOptions): Promise<User> {
    const { operations, isRepeatable } = toEdit(edit);
    return call(this.#api, "PATCH", path(user), options, { body: { operations }, repeatable: isRepeatable });
  }

  /**
   * Edits any number of users, 100 a call. Each is one request however often it is sent.
   * @example
   * await carillon.users.editMany([
   *   { user: "ada", edit: (user) => user.set({ plan: "gold" }) },
   *   { user: "grace", edit: (user) => user.unset("$sms") },
   * ]);
   */
  async editMany<Record extends UserEditRecord>(
    records: Iterable<Record> | AsyncIterable<Record>,
    options?: CallOptions,
  ): Promise<BulkResult<Record>> {
    return sendAll(records, {
      prepare: toWire,
      signal: options?.signal,
      post: (bytes) => postRecords(this.#api, EVENTS, bytes, options),
    });
  }

  /**
   * For good: profile, addresses, preferences, memberships and the inbox are gone with the answer; what the logs say of
   * the user is erased after it. Returns the receipt's id for `erasure`; null if the answer of the call that deleted the
   * user got lost.
   * @example
   * const { erasure_id } = await carillon.users.delete("ada");
   */
  async delete(user: string, options?: CallOptions): Promise<{ erasure_id: string | null }> {
    const { erasures } = await this.#api.send({
      method: "DELETE",
      path: path(user),
      ...callOptions(options),
    });
    return { erasure_id: erasures[0] ?? null };
  }

  /**
   * Up to 100 of them; unknown ones are ignored. Returns the receipts' ids, in the order of the users.
   * @example
   * const { erasure_ids } = await carillon.users.deleteMany(["ada", "grace"]);
   */
  async deleteMany(users: string[], options?: CallOptions): Promise<{ erasure_ids: string[] }> {
    const { erasures } = await this.#api.send({
      method: "DELETE",
      path: "v1/bulk/user/",
      ...callOptions(options),
      body: { distinct_ids: ids("users", users, 100) },
    });
    return { erasure_ids: erasures };
  }

  /**
   * The receipt of a deletion: whether the logs are erased by now, and how much was.
   * @example
   * const { status, erased } = await carillon.users.erasure("01KBD1S2V3W4X5Y6Z7A8B9C0DE");
   */
  async erasure(erasureId: string, options?: CallOptions): Promise<ErasureReceipt> {
    return call(this.#api, "GET", `v1/user_erasure/${segment("erasureId", erasureId)}/`, options);
  }

  /**
   * Everything that is held about a user, in one document: it reads page after page, so mind the memory of somebody with
   * very many messages. `pageSize` is the number of rows in a page: 1 to 1000, 100 by default.
   * @example
   * const { user, messages } = await carillon.users.export("ada");
   */
  async export(user: string, options: { pageSize?: number } & CallOptions = {}): Promise<UserExport> {
    const { pageSize, ...calling } = optionsOf(options);
    const read = (after?: string): Promise<ExportPage> =>
      call(this.#api, "GET", `${path(user)}export/`, calling, {
        query: {
          ...(pageSize === undefined ? {} : { limit: pageSize }),
          ...(after === undefined ? {} : { after }),
        },
      });
    const { meta, ...whole } = await read();
    for (let next = meta.has_next ? meta.after : null; next !== null;) {
      const page: ExportPage = await read(next);
      for (const list of EXPORTED) whole[list] = [...(whole[list] ?? []), ...(page[list] ?? [])];
      next = page.meta.has_next ? page.meta.after : null;
    }
    return whole;
  }

  /**
   * Merges one user into another, and deletes the one.
   * @example
   * await carillon.users.merge("ada", { from: "ada-old" });
   */
  async merge(user: string, other: { from: string }, options?: CallOptions): Promise<User> {
    const { from } = record("other", other);
    const body = { from_user_id: text("from", from) };
    return call(this.#api, "POST", `${path(user)}merge/`, options, { body });
  }

  /**
   * @example
   * for await (const { object } of carillon.users.objects("ada")) console.log(object.object_type, object.id);
   */
  objects(user: string, query: CursorQuery & CallOptions = {}): Paged<ItemOf<"hubUserSubscribedToObject">> {
    return paged(query, (next) =>
      call(this.#api, "GET", `${path(user)}subscribed_to/object/`, query, { query: queryOf(next) }),
    );
  }

  /**
   * @example
   * for await (const { list } of carillon.users.lists("ada")) console.log(list.list_id);
   */
  lists(user: string, query: CursorQuery & CallOptions = {}): Paged<ItemOf<"hubUserSubscribedToList">> {
    return paged(query, (next) =>
      call(this.#api, "GET", `${path(user)}subscribed_to/list/`, query, { query: queryOf(next) }),
    );
  }
}

function path(user: string): string {
  return `v1/user/${segment("user", user)}/`;
}

function toWire(given: UserEditRecord): Uint8Array<ArrayBuffer> {
  const { user, edit, tenant } = record("record", given) as unknown as UserEditRecord;
  return editRecord({
    distinct_id: text("user", user),
    operations: toEdit(edit).operations,
    tenant_id: tenantId("tenant", tenant),
  });
}
