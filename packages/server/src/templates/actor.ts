import { isJsonObject, type Json, type JsonObject } from "../core/json.ts";

/**
 * A missing actor: every key is present and empty. Published templates print `{{$actor.name}}` for triggers without an
 * actor and expect nothing, where strict rendering would refuse.
 */
const nobody = new Proxy<JsonObject>(
  {},
  {
    has: (_, key) => typeof key === "string",
    get: (_, key) => (typeof key === "string" ? "" : undefined),
    // The lookup of the `handlebars` package trusts own properties only. No keys are listed, so that nothing iterates.
    getOwnPropertyDescriptor: (_, key) =>
      typeof key === "string"
        ? { value: "", configurable: true, enumerable: true, writable: false }
        : undefined,
    set: () => false,
    defineProperty: () => false,
  },
);

/** The context itself, or a shallow copy whose missing or empty `$actor` is lenient. */
export function withLenientActor(context: JsonObject): JsonObject {
  const actor: Json | undefined = Object.hasOwn(context, "$actor") ? context.$actor : undefined;
  if (isJsonObject(actor) && Object.keys(actor).length > 0) return context;
  return { ...context, $actor: nobody };
}
