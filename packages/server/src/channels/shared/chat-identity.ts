import type { IdentityResult } from "../../core/profile/identity.ts";
import { isJsonObject, type JsonObject } from "../../core/json.ts";
import { identityKey } from "./identity-key.ts";

/** Where a chat message is posted: what is kept of an identity, and the parts of its key. */
export interface Destination {
  value: JsonObject;
  key: string[];
}

/**
 * Reads an identity of a channel that is addressed by a map: only with `known` keys, and only what `find` takes of it
 * is kept. `refuse` gives the wire's reason for any other map.
 */
export function parseChatIdentity(
  channel: "slack" | "ms_teams",
  input: unknown,
  known: ReadonlySet<string>,
  find: (input: JsonObject) => Destination | null,
  refuse: (input: JsonObject) => string,
): IdentityResult {
  if (!isJsonObject(input)) return { ok: false, reason: `$${channel}: value must be of dict/map type` };
  const destination = Object.keys(input).every((key) => known.has(key)) ? find(input) : null;
  if (destination === null) return { ok: false, reason: refuse(input) };
  return {
    ok: true,
    identity: {
      value: destination.value,
      key: identityKey(...destination.key),
      provider: "",
      device_id: null,
      bundle_id: null,
    },
  };
}

/** An optional member of such a map: null is what serialised profiles carry for what they do not know. */
export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}
