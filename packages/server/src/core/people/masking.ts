import { isChannel } from "../channel.ts";
import { isJsonObject, type Json, type JsonObject } from "../json.ts";

/**
 * What a role without `personal.read` sees of a reply. Two rules, so that an endpoint that is added is masked, too:
 *
 * - An e-mail address or a phone number is masked wherever it stands in a text, also in ids and in keys:
 *   `a•••@example.com`, `+1•••71`.
 * - Where `values` is set, what customers put in (payloads, properties, what was rendered, what gates saw) is masked
 *   whole, and keeps its shape.
 */
export interface Masking {
  values: boolean;
}

export const MASK = "•••";

/** Members that hold what customers put in, wherever they stand. */
const CUSTOMERS_OWN = new Set([
  "payload",
  "properties",
  "content",
  "channel_value",
  "channel_identity",
  "webhook_data",
  "values",
  "data",
  "body",
  "rows",
  "actual",
  "expected",
]);

/** Members of a step's properties that say what was done, not with what. */
const SAFE_IN_STEPS = new Set([
  "message_id",
  "execution_id",
  "channel",
  "channels",
  "variant",
  "vendor",
  "template",
  "category",
  "node_ref",
  "status",
  "locale",
  "wake_at",
  "until",
  "duration",
  "branch",
]);

const EMAIL = /[\p{L}\p{N}._%+'-]+(?:@|%40)[\p{L}\p{N}.-]+\.\p{L}{2,}/giu;
const PHONE = /\+\d(?:[\s().-]{0,3}\d){6,14}/g;
/** A number without its plus: only if the text is nothing else, since ids and times are made of digits, too. */
const BARE_PHONE = /^\d{10,15}$/;

/** Deeper than any reply of ours: what customers put in may have any shape. */
const MAX_DEPTH = 100;

export function mask(value: Json, masking: Masking, depth = 0): Json {
  if (typeof value === "string") return maskText(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth > MAX_DEPTH) return MASK;
  if (Array.isArray(value)) return value.map((item) => mask(item, masking, depth + 1));
  const isStep = "execution_stage" in value;
  return mapMembers(value, (key, member) => {
    const isAddress = key.startsWith("$") && isChannel(key.slice(1));
    if (!masking.values || !(isAddress || CUSTOMERS_OWN.has(key))) return mask(member, masking, depth + 1);
    if (!isStep || !isJsonObject(member)) return maskWhole(member);
    return mapMembers(member, (name, part) =>
      SAFE_IN_STEPS.has(name) ? mask(part, masking, depth + 1) : maskWhole(part),
    );
  });
}

/** Every value, also numbers and flags; of an address what helps to tell it from others. */
function maskWhole(value: Json, depth = 0): Json {
  if (value === null) return null;
  if (typeof value === "string") return isAddressAlone(value) ? maskText(value) : MASK;
  if (typeof value !== "object" || depth > MAX_DEPTH) return MASK;
  if (Array.isArray(value)) return value.map((item) => maskWhole(item, depth + 1));
  return mapMembers(value, (_key, member) => maskWhole(member, depth + 1));
}

function mapMembers(object: JsonObject, change: (key: string, value: Json) => Json): JsonObject {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [maskText(key), change(key, value)]),
  );
}

function isAddressAlone(text: string): boolean {
  return /^\S+$/.test(text) && text.replace(EMAIL, "").replace(PHONE, "") === "";
}

export function maskText(text: string): string {
  if (BARE_PHONE.test(text)) return maskPhone(text);
  return text.replace(EMAIL, maskEmail).replace(PHONE, maskPhone);
}

function maskEmail(address: string): string {
  const at = address.search(/@|%40/i);
  const [first = ""] = address;
  return `${first}${MASK}${address.slice(at)}`;
}

function maskPhone(number: string): string {
  return `${number.slice(0, 2)}${MASK}${number.slice(-2)}`;
}
