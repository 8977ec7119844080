import { type Api, call } from "../core/api.ts";
import { ids, record, segment, text } from "../core/check.ts";
import type { Query } from "../core/transport.ts";
import { underNames, underNamesNow } from "./errors.ts";
import { PreferenceCalls } from "./preferences.ts";
import { SnakeCaseEdit } from "./profile-edit.ts";
import type { Dictionary } from "./records.ts";
import { type Deleted, deleted } from "./replies.ts";

/** The steps of an edit of one object. */
export class ObjectEdit extends SnakeCaseEdit {
  readonly object_type: string;
  readonly object_id: string;

  constructor(_config: unknown, object_type: string, object_id: string) {
    super(`object: ${object_type}/${object_id}`);
    this.object_type = underNamesNow(() => text("object_type", object_type));
    this.object_id = underNamesNow(() => text("object_id", object_id));
  }
}

/** Objects: profiles, subscriptions, preferences. */
export class ObjectsApi extends PreferenceCalls<[object_type: string, object_id: string]> {
  readonly #api: Api;

  constructor(api: Api) {
    super(api, (object_type, object_id) => path(object_type, object_id));
    this.#api = api;
  }

  /**
   * @example
   * const { results } = await supr_client.objects.list("teams", { limit: 20 });
   */
  list(object_type: string, options: Query = {}): Promise<Dictionary> {
    return underNames(() =>
      call(this.#api, "GET", `v1/object/${segment("object_type", object_type)}/`, undefined, {
        query: options,
      }),
    );
  }

  /**
   * @example
   * const team = await supr_client.objects.get("teams", "finance");
   */
  get(object_type: string, object_id: string): Promise<Dictionary> {
    return underNames(() => call(this.#api, "GET", path(object_type, object_id), undefined));
  }

  /**
   * @example
   * await supr_client.objects.upsert("teams", "finance", { name: "Finance" });
   */
  upsert(object_type: string, object_id: string, payload: Dictionary = {}): Promise<Dictionary> {
    return underNames(() =>
      call(this.#api, "POST", path(object_type, object_id), undefined, {
        body: record("payload", payload),
        repeatable: true,
      }),
    );
  }

  /**
   * Takes an edit, or a type, an id and `{ operations }`.
   * @example
   * await supr_client.objects.edit("teams", "finance", { operations: [{ $set: { plan: "gold" } }] });
   */
  edit(instance: ObjectEdit | string, object_id?: string, payload?: Dictionary): Promise<Dictionary> {
    return underNames(() => {
      if (instance instanceof ObjectEdit) {
        const { object_type, object_id: id, operations, isRepeatable } = instance;
        const body = { operations };
        return call(this.#api, "PATCH", path(object_type, id), undefined, { body, repeatable: isRepeatable });
      }
      return call(this.#api, "PATCH", path(instance, object_id), undefined, {
        body: record("payload", payload ?? {}),
      });
    });
  }

  /**
   * @example
   * await supr_client.objects.delete("teams", "finance");
   */
  delete(object_type: string, object_id: string): Promise<Deleted> {
    return underNames(() => deleted(this.#api, path(object_type, object_id)));
  }

  /**
   * @example
   * await supr_client.objects.bulk_delete("teams", { object_ids: ["finance", "sales"] });
   */
  bulk_delete(object_type: string, payload: { object_ids: string[] }): Promise<Deleted> {
    return underNames(() =>
      deleted(this.#api, `v1/bulk/object/${segment("object_type", object_type)}/`, {
        object_ids: ids("object_ids", payload?.object_ids, 100),
      }),
    );
  }

  /**
   * @example
   * const { results } = await supr_client.objects.get_subscriptions("teams", "finance");
   */
  get_subscriptions(object_type: string, object_id: string, options: Query = {}): Promise<Dictionary> {
    return underNames(() =>
      call(this.#api, "GET", `${path(object_type, object_id)}subscription/`, undefined, { query: options }),
    );
  }

  /**
   * @example
   * await supr_client.objects.create_subscriptions("teams", "finance", { recipients: ["ada"] });
   */
  create_subscriptions(object_type: string, object_id: string, payload: Dictionary): Promise<Dictionary> {
    return underNames(() =>
      call(this.#api, "POST", `${path(object_type, object_id)}subscription/`, undefined, {
        body: record("payload", payload),
        repeatable: true,
      }),
    );
  }

  /**
   * @example
   * await supr_client.objects.delete_subscriptions("teams", "finance", { recipients: ["ada"] });
   */
  delete_subscriptions(object_type: string, object_id: string, payload: Dictionary): Promise<Deleted> {
    return underNames(() =>
      deleted(this.#api, `${path(object_type, object_id)}subscription/`, record("payload", payload)),
    );
  }

  /**
   * @example
   * const { results } = await supr_client.objects.get_objects_subscribed_to("teams", "payroll");
   */
  get_objects_subscribed_to(
    object_type: string,
    object_id: string,
    options: Query = {},
  ): Promise<Dictionary> {
    return underNames(() =>
      call(this.#api, "GET", `${path(object_type, object_id)}subscribed_to/object/`, undefined, {
        query: options,
      }),
    );
  }

  /**
   * @example
   * const edit = supr_client.objects.get_edit_instance("teams", "finance");
   */
  get_edit_instance(object_type: string, object_id: string): ObjectEdit {
    return new ObjectEdit(null, object_type, object_id);
  }

  /**
   * The same by its older name.
   * @example
   * const edit = supr_client.objects.get_instance("teams", "finance");
   */
  get_instance(object_type: string, object_id: string): ObjectEdit {
    return this.get_edit_instance(object_type, object_id);
  }
}

function path(object_type: unknown, object_id: unknown): string {
  return `v1/object/${segment("object_type", object_type)}/${segment("object_id", object_id)}/`;
}
