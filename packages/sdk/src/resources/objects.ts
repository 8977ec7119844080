import { act, type Api, call, queryOf } from "../core/api.ts";
import { ids, items, optionsOf, record, segment } from "../core/check.ts";
import { type Paged, paged } from "../core/pages.ts";
import { type Edit, toEdit } from "../core/profile-edit.ts";
import { recipient } from "../core/records.ts";
import type { CallOptions } from "../core/transport.ts";
import type {
  CursorQuery,
  ItemOf,
  ObjectRecipient,
  ObjectSubscribedTo,
  ObjectView,
  Profile,
  Recipient,
  Reply,
  Subscription,
  UserRecipient,
} from "../wire.ts";

/** Whom to subscribe, and with which properties. */
export interface SubscribeOptions extends CallOptions {
  /** Of each of the subscriptions: `$recipient.subscription` of templates. */
  properties?: Record<string, unknown>;
  /** Creates the object, or adds to it. */
  object?: Profile;
}

/** Things that people subscribe to: teams, projects, documents. */
export class Objects {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * Objects of a type, newest first.
   * @example
   * for await (const team of carillon.objects.list("teams")) console.log(team.id);
   */
  list(objectType: string, query: CursorQuery & CallOptions = {}): Paged<ItemOf<"hubObjectList">> {
    const path = `v1/object/${segment("objectType", objectType)}/`;
    return paged(query, (next) => call(this.#api, "GET", path, query, { query: queryOf(next) }));
  }

  /**
   * @example
   * const { properties } = await carillon.objects.get("teams", "finance");
   */
  async get(objectType: string, id: string, options?: CallOptions): Promise<ObjectView> {
    return call(this.#api, "GET", pathOf(objectType, id), options);
  }

  /**
   * Creates an object, or adds to one.
   * @example
   * await carillon.objects.upsert("teams", "finance", { name: "Finance", $email: "finance@example.com" });
   */
  async upsert(
    objectType: string,
    id: string,
    profile: Profile = {},
    options?: CallOptions,
  ): Promise<ObjectView> {
    const body = record("profile", profile);
    return call(this.#api, "POST", pathOf(objectType, id), options, { body, repeatable: true });
  }

  /**
   * Applies steps in order, all or none.
   * @example
   * await carillon.objects.edit("teams", "finance", (team) => team.set({ plan: "gold" }));
   */
  async edit(objectType: string, id: string, edit: Edit, options?: CallOptions): Promise<ObjectView> {
    const { operations, isRepeatable } = toEdit(edit);
    return call(this.#api, "PATCH", pathOf(objectType, id), options, {
      body: { operations },
      repeatable: isRepeatable,
    });
  }

  /**
   * With its subscriptions in both directions.
   * @example
   * await carillon.objects.delete("teams", "finance");
   */
  async delete(objectType: string, id: string, options?: CallOptions): Promise<void> {
    return act(this.#api, "DELETE", pathOf(objectType, id), options);
  }

  /**
   * Up to 100 of one type.
   * @example
   * await carillon.objects.deleteMany("teams", ["finance", "sales"]);
   */
  async deleteMany(objectType: string, objectIds: string[], options?: CallOptions): Promise<void> {
    const path = `v1/bulk/object/${segment("objectType", objectType)}/`;
    return act(this.#api, "DELETE", path, options, {
      body: { object_ids: ids("objectIds", objectIds, 100) },
    });
  }

  /**
   * @example
   * for await (const { user } of carillon.objects.subscriptions("teams", "finance")) console.log(user?.distinct_id);
   */
  subscriptions(objectType: string, id: string, query: CursorQuery & CallOptions = {}): Paged<Subscription> {
    const path = `${pathOf(objectType, id)}subscription/`;
    return paged(query, (next) => call(this.#api, "GET", path, query, { query: queryOf(next) }));
  }

  /**
   * Subscribes up to 100 users or objects, whose profiles may come along.
   * @example
   * await carillon.objects.subscribe("teams", "finance", ["ada", { object_type: "teams", id: "payroll" }], {
   *   properties: { role: "admin" },
   * });
   */
  async subscribe(
    objectType: string,
    id: string,
    subscribers: (string | UserRecipient | ObjectRecipient)[],
    options: SubscribeOptions = {},
  ): Promise<Reply<"hubObjectSubscriptionCreate">> {
    const { properties, object } = optionsOf(options);
    const body = {
      recipients: subscribersOf(subscribers),
      ...(properties === undefined ? {} : { properties: record("properties", properties) }),
      ...(object === undefined ? {} : { parent_object_properties: record("object", object) }),
    };
    return call(this.#api, "POST", `${pathOf(objectType, id)}subscription/`, options, {
      body,
      repeatable: true,
    });
  }

  /**
   * @example
   * await carillon.objects.unsubscribe("teams", "finance", ["ada"]);
   */
  async unsubscribe(
    objectType: string,
    id: string,
    subscribers: (string | { distinct_id: string } | { object_type: string; id: string })[],
    options?: CallOptions,
  ): Promise<void> {
    const body = { recipients: subscribersOf(subscribers) };
    return act(this.#api, "DELETE", `${pathOf(objectType, id)}subscription/`, options, { body });
  }

  /**
   * The objects that this one is subscribed to.
   * @example
   * for await (const { object } of carillon.objects.parents("teams", "payroll")) console.log(object.id);
   */
  parents(objectType: string, id: string, query: CursorQuery & CallOptions = {}): Paged<ObjectSubscribedTo> {
    const path = `${pathOf(objectType, id)}subscribed_to/object/`;
    return paged(query, (next) => call(this.#api, "GET", path, query, { query: queryOf(next) }));
  }
}

function pathOf(objectType: string, id: string): string {
  return `v1/object/${segment("objectType", objectType)}/${segment("id", id)}/`;
}

function subscribersOf(subscribers: readonly unknown[]): Recipient[] {
  return items("subscribers", subscribers, 100).map((one, index) =>
    recipient(`subscribers[${index}]`, one as Recipient),
  );
}
