import { isJsonObject, type Json, type JsonObject } from "../core/json.ts";

/** A request's body without what it says about some users. */
export interface ErasedBody {
  body: JsonObject;
  /** The request is about nobody else: its payload went too. */
  is_whole: boolean;
}

/** What says which event it was, of whom, and that it is the same as another one. */
const EVENT_KEYS: ReadonlySet<string> = new Set([
  "event",
  "distinct_id",
  "tenant_id",
  "brand_id",
  "$insert_id",
  "$time",
  "$idempotency_key",
]);
/** What a trigger says besides whom it is for and which workflow it starts. */
const PAYLOAD_KEYS = ["data", "metadata", "properties"];
/** The recipients of a trigger, and of one that brings its workflow along. */
const LISTS = ["recipients", "users"];

/**
 * Takes some users out of the body of a stored request: of each, the id alone is left. A request that is for nobody else
 * loses its payload too; one that others share keeps it, because it is theirs as well and their runs go on with it.
 * Null if the body does not name them.
 */
export function eraseFromBody(body: Json, names: ReadonlySet<string>): ErasedBody | null {
  if (!isJsonObject(body)) return null;
  if (subjectsOf(body).some((id) => names.has(id))) {
    const kept = Object.entries(body).filter(([key]) => EVENT_KEYS.has(key));
    return { body: Object.fromEntries(kept), is_whole: true };
  }
  const erased: JsonObject = { ...body };
  let own = 0;
  let others = 0;
  for (const list of LISTS) {
    const given = body[list] ?? null;
    if (given === null) continue;
    const left = (Array.isArray(given) ? given : [given]).map((one): Json => {
      const id = idOf(one);
      const isOwn = id !== null && names.has(id);
      if (isOwn) own++;
      else others++;
      return isOwn ? nameAlone(id) : one;
    });
    erased[list] = Array.isArray(given) ? left : (left[0] ?? null);
  }
  const is_whole = own > 0 && others === 0;
  if (is_whole) for (const key of PAYLOAD_KEYS) delete erased[key];
  const actor = eraseActor(body.actor ?? null, names);
  if (actor !== null) erased.actor = actor;
  return own > 0 || actor !== null ? { body: erased, is_whole } : null;
}

/** An actor as a trigger names them, or as a further page of an object's subscribers keeps them. */
function eraseActor(actor: Json, names: ReadonlySet<string>): Json {
  const id = idOf(actor);
  if (id === null || !names.has(id)) return null;
  return isJsonObject(actor) && Object.hasOwn(actor, "recipient_id")
    ? { ...actor, properties: {} }
    : nameAlone(id);
}

/** The users whom a record of `/event/` is about: an event, an edit of a profile, a login. */
function subjectsOf({ distinct_id, anonymous_id, properties }: JsonObject): string[] {
  const login = isJsonObject(properties ?? null) ? (properties as JsonObject) : {};
  return [distinct_id, anonymous_id, login.$identified_id, login.$anon_id].flatMap(
    (id) => idOf(id ?? null) ?? [],
  );
}

/** A request that failed may be put back: it must not make the user again. */
const nameAlone = (distinct_id: string): JsonObject => ({ distinct_id, $skip_create: true });

/** The id of a user; null for objects, and for people who have none. */
function idOf(one: Json): string | null {
  if (isJsonObject(one)) return (one.object_type ?? "") === "" ? idOf(one.distinct_id ?? null) : null;
  return typeof one === "string" || typeof one === "number" ? String(one).trim() : null;
}

/** Whether a text of the body is one of these ids: for requests that were refused, which may have any shape. */
export function mentions(body: Json, names: ReadonlySet<string>): boolean {
  if (Array.isArray(body)) return body.some((one) => mentions(one, names));
  if (isJsonObject(body)) return Object.values(body).some((one) => mentions(one ?? null, names));
  return (typeof body === "string" || typeof body === "number") && names.has(String(body).trim());
}
