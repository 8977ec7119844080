import { type Api, call } from "../core/api.ts";
import { EVENTS, postRecords, sendAll } from "../core/bulk.ts";
import { ids, record, segment, text } from "../core/check.ts";
import { editRecord } from "../core/records.ts";
import type { Query } from "../core/transport.ts";
import { inputError, underNames, underNamesNow } from "./errors.ts";
import { PreferenceCalls } from "./preferences.ts";
import { SnakeCaseEdit } from "./profile-edit.ts";
import { type Dictionary, snapshot } from "./records.ts";
import {
  type BulkResponse,
  type Deleted,
  deleted,
  type SResponse,
  settled,
  toBulkResponse,
} from "./replies.ts";

function editBytes({ distinct_id, operations }: UserEdit | Subscriber): Uint8Array<ArrayBuffer> {
  return editRecord({ distinct_id, operations });
}

function editJson(distinct_id: string, edit: SnakeCaseEdit): Dictionary {
  return { $schema: "2", distinct_id, $user_operations: edit.operations };
}

/** The steps of an edit of one user. */
export class UserEdit extends SnakeCaseEdit {
  readonly distinct_id: string;

  constructor(_config: unknown, distinct_id: string) {
    super(`distinct_id: ${distinct_id}`);
    this.distinct_id = underNamesNow(() => text("distinct_id", distinct_id));
  }
}

/** A user as older code edits one: `save` sends what was called. */
export class Subscriber extends SnakeCaseEdit {
  readonly distinct_id: string;
  readonly #api: Api;

  constructor(api: Api, distinct_id: string) {
    super(`distinct_id: ${distinct_id}`);
    this.distinct_id = underNamesNow(() => text("distinct_id", distinct_id));
    this.#api = api;
  }

  /**
   * @example
   * const person = supr_client.user.get_instance("ada");
   * person.add_email("ada@example.com");
   * const response = await person.save();
   */
  save(): Promise<SResponse> {
    return settled(
      async () =>
        this.#api.send({
          method: "POST",
          path: "event/",
          bytes: editBytes(this),
          repeatable: true,
        }),
      ({ statusText }) => statusText,
    );
  }
}

/** Many users, saved together. */
export class BulkUsersEdit {
  readonly #api: Api;
  readonly #users: { user: UserEdit | Subscriber; bytes: () => Uint8Array<ArrayBuffer> }[] = [];

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * @example
   * const bulk = supr_client.users.get_bulk_edit_instance();
   * bulk.append(supr_client.users.get_edit_instance("ada"), supr_client.users.get_edit_instance("grace"));
   */
  append(...users: (UserEdit | Subscriber)[]): void {
    for (const user of users) {
      if (!(user instanceof SnakeCaseEdit))
        throw inputError("append", "takes users of get_edit_instance or get_instance");
      this.#users.push({ user, bytes: snapshot(() => editBytes(user)) });
    }
  }

  /**
   * @example
   * const bulk = supr_client.users.get_bulk_edit_instance();
   * const response = await bulk.save();
   */
  async save(): Promise<BulkResponse> {
    const result = await sendAll(this.#users, {
      prepare: ({ bytes }) => bytes(),
      post: (bytes) => postRecords(this.#api, EVENTS, bytes),
    });
    const warnings = this.#users.flatMap(({ user }) => user.warnings);
    return toBulkResponse(result, ({ user }) => editJson(user.distinct_id, user), warnings);
  }

  /**
   * The same by its other name.
   * @example
   * const response = await supr_client.bulk_users.new_instance().trigger();
   */
  trigger(): Promise<BulkResponse> {
    return this.save();
  }
}

/** Users: profiles, addresses, subscriptions, preferences. */
export class UsersApi extends PreferenceCalls<[distinct_id: string]> {
  readonly #api: Api;

  constructor(api: Api) {
    super(api, (distinct_id) => `v1/user/${segment("distinct_id", distinct_id)}/`);
    this.#api = api;
  }

  /**
   * @example
   * const { results, meta } = await supr_client.users.list({ limit: 20 });
   */
  list(options: Query = {}): Promise<Dictionary> {
    return underNames(() => call(this.#api, "GET", "v1/user/", undefined, { query: options }));
  }

  /**
   * @example
   * const user_profile = await supr_client.users.get("ada");
   */
  get(distinct_id: string): Promise<Dictionary> {
    return underNames(() => call(this.#api, "GET", path(distinct_id), undefined));
  }

  /**
   * @example
   * await supr_client.users.upsert("ada", { $email: "ada@example.com", name: "Ada" });
   */
  upsert(distinct_id: string, payload: Dictionary = {}): Promise<Dictionary> {
    return underNames(() =>
      call(this.#api, "POST", path(distinct_id), undefined, {
        body: record("payload", payload),
        repeatable: true,
      }),
    );
  }

  /**
   * Takes an edit, or an id and `{ operations }`.
   * @example
   * await supr_client.users.edit("ada", { operations: [{ $set: { plan: "gold" } }] });
   */
  edit(instance: UserEdit | string, payload?: Dictionary): Promise<Dictionary> {
    return underNames(() => {
      if (instance instanceof UserEdit) {
        const { operations, isRepeatable } = instance;
        const body = { operations };
        return call(this.#api, "PATCH", path(instance.distinct_id), undefined, {
          body,
          repeatable: isRepeatable,
        });
      }
      return call(this.#api, "PATCH", path(instance), undefined, { body: record("payload", payload ?? {}) });
    });
  }

  /**
   * By the endpoint of events.
   * @example
   * await supr_client.users.async_edit(supr_client.users.get_edit_instance("ada"));
   */
  async async_edit(instance: UserEdit): Promise<SResponse> {
    if (!(instance instanceof UserEdit)) throw inputError("instance", "must be made by get_edit_instance");
    return underNames(async () => {
      const bytes = editBytes(instance);
      const { status, text } = await this.#api.send({
        method: "POST",
        path: "event/",
        bytes,
        repeatable: true,
      });
      return { success: true, status: "success", status_code: status, message: text };
    });
  }

  /**
   * @example
   * await supr_client.users.delete("ada");
   */
  delete(distinct_id: string): Promise<Deleted> {
    return underNames(() => deleted(this.#api, path(distinct_id)));
  }

  /**
   * @example
   * await supr_client.users.bulk_delete({ distinct_ids: ["ada", "grace"] });
   */
  bulk_delete(payload: { distinct_ids: string[] }): Promise<Deleted> {
    return underNames(() =>
      deleted(this.#api, "v1/bulk/user/", { distinct_ids: ids("distinct_ids", payload?.distinct_ids, 100) }),
    );
  }

  /**
   * @example
   * await supr_client.users.merge("ada", "ada-old");
   */
  merge(distinct_id: string, from_user_id: string): Promise<Dictionary> {
    return underNames(() =>
      call(this.#api, "POST", `${path(distinct_id)}merge/`, undefined, {
        body: { from_user_id: text("from_user_id", from_user_id) },
      }),
    );
  }

  /**
   * @example
   * const { results } = await supr_client.users.get_objects_subscribed_to("ada", { limit: 10 });
   */
  get_objects_subscribed_to(distinct_id: string, options: Query = {}): Promise<Dictionary> {
    return underNames(() =>
      call(this.#api, "GET", `${path(distinct_id)}subscribed_to/object/`, undefined, { query: options }),
    );
  }

  /**
   * @example
   * const { results } = await supr_client.users.get_lists_subscribed_to("ada", { limit: 10 });
   */
  get_lists_subscribed_to(distinct_id: string, options: Query = {}): Promise<Dictionary> {
    return underNames(() =>
      call(this.#api, "GET", `${path(distinct_id)}subscribed_to/list/`, undefined, { query: options }),
    );
  }

  /**
   * @example
   * const edit = supr_client.users.get_edit_instance("ada");
   */
  get_edit_instance(distinct_id: string): UserEdit {
    return new UserEdit(null, distinct_id);
  }

  /**
   * @example
   * const bulk = supr_client.users.get_bulk_edit_instance();
   */
  get_bulk_edit_instance(): BulkUsersEdit {
    return new BulkUsersEdit(this.#api);
  }

  /**
   * The same choices for many users.
   * @example
   * await supr_client.users.bulk_update_preferences({
   *   distinct_ids: ["ada"], categories: [{ category: "news", preference: "opt_out" }],
   * });
   */
  bulk_update_preferences(payload: Dictionary, options: Query = {}): Promise<Dictionary> {
    return underNames(() =>
      call(this.#api, "PATCH", "v1/bulk/user/preference/", undefined, {
        body: record("payload", payload),
        query: options,
        repeatable: true,
      }),
    );
  }

  /**
   * Back to the defaults.
   * @example
   * await supr_client.users.reset_preferences({ distinct_ids: ["ada"], reset_categories: true });
   */
  reset_preferences(payload: Dictionary, options: Query = {}): Promise<Dictionary> {
    return underNames(() =>
      call(this.#api, "PATCH", "v1/bulk/user/preference/reset/", undefined, {
        body: record("payload", payload),
        query: options,
        repeatable: true,
      }),
    );
  }
}

function path(distinct_id: string): string {
  return `v1/user/${segment("distinct_id", distinct_id)}/`;
}
