import type { JsonObject } from "../json.ts";

/** Keys of a user that name it or steer a trigger; every other key belongs to the profile. */
export const USER_CONTROL_KEYS: ReadonlySet<string> = new Set([
  "distinct_id",
  "is_transient",
  "$skip_create",
  "$channels",
  "$context",
  "$object_subscriptions_query",
]);

/** The same of an object. */
export const OBJECT_CONTROL_KEYS: ReadonlySet<string> = new Set([...USER_CONTROL_KEYS, "object_type", "id"]);

/** The control keys of a trigger's recipient or actor. `id` names an object beside `object_type`, and is a property of a user. */
export function controlKeysOf(recipient: JsonObject): ReadonlySet<string> {
  return Object.hasOwn(recipient, "object_type") ? OBJECT_CONTROL_KEYS : USER_CONTROL_KEYS;
}
