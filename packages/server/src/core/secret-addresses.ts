import { isChannel } from "./channel.ts";
import { isJsonObject, type Json } from "./json.ts";

/*
 * Some addresses contain credentials: the token of a Slack bot, the URL of a webhook, the keys of a browser's push
 * subscription. They are stored for sending, and masked or left out wherever they are shown.
 */

/** The parts of an address that are enough to send with. */
export const SECRET_KEYS: ReadonlySet<string> = new Set([
  "access_token",
  "incoming_webhook",
  "auth",
  "p256dh",
]);

const MASK = "***";

/** Deeper than any address: bodies that were refused may have any shape. */
const MAX_DEPTH = 32;

/** An address that is safe to show. */
export function maskAddress(address: Json, depth = 0): Json {
  if (typeof address !== "object" || address === null) return address;
  if (depth > MAX_DEPTH) return MASK;
  if (Array.isArray(address)) return address.map((item) => maskAddress(item, depth + 1));
  return mapMembers(address, (key, value) => (SECRET_KEYS.has(key) ? MASK : maskAddress(value, depth + 1)));
}

/**
 * An address without its credentials, and without what held nothing else: the keys of a push subscription go whole. This
 * is how the message API shows them.
 */
export function withoutSecrets(address: Json): Json {
  if (!isJsonObject(address)) return address;
  const shown = Object.entries(address)
    .filter(([key]) => !SECRET_KEYS.has(key))
    .map(([key, value]): [string, Json] => [key, withoutSecrets(value)])
    .filter(([key, value]) => !isEmpty(value) || isEmpty(address[key]));
  return Object.fromEntries(shown);
}

const isEmpty = (value: Json | undefined) => isJsonObject(value) && Object.keys(value).length === 0;

/** A body, or a part of one, with the addresses in it (`$slack`, `$webpush`, …) masked and all else as it is. */
export function maskAddresses(value: Json, depth = 0): Json {
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return value;
  if (Array.isArray(value)) return value.map((item) => maskAddresses(item, depth + 1));
  return mapMembers(value, (key, member) =>
    key.startsWith("$") && isChannel(key.slice(1)) ? maskAddress(member) : maskAddresses(member, depth + 1),
  );
}

function mapMembers(object: Json & object, change: (key: string, value: Json) => Json): Json {
  return isJsonObject(object)
    ? Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(key, value)]))
    : object;
}
