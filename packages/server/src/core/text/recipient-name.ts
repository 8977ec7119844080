/** The longest id of a user or an object, as `length` counts it; and how everything that takes one refuses a longer. */
export const MAX_RECIPIENT_ID = 255;
export const LONG_RECIPIENT_ID = `must be at most ${MAX_RECIPIENT_ID} characters`;

/** The same for the type of an object. */
export const MAX_OBJECT_TYPE = 64;
export const LONG_OBJECT_TYPE = `must be at most ${MAX_OBJECT_TYPE} characters`;

/** No id of a user begins with this: the inbox of an object is named so. */
const OBJECT_INBOX = "__object:";
export const RESERVED_USER_ID = `must not begin with '${OBJECT_INBOX}'`;

export function isReservedUserId(distinct_id: string): boolean {
  return distinct_id.startsWith(OBJECT_INBOX);
}

/** The key of a user or an object in rows and payloads; `object_type` is empty for users. */
interface Named {
  object_type: string;
  distinct_id: string;
}

/** The recipient's name in the API: a user's `distinct_id`, an object's `object_type/id`. */
export function recipientName({ object_type, distinct_id }: Named): string {
  return object_type === "" ? distinct_id : `${object_type}/${distinct_id}`;
}

/** How log messages name a recipient. */
export function describeRecipient({ object_type, distinct_id }: Named): string {
  return `${object_type === "" ? "user" : "object"} '${distinct_id}'`;
}

/** What the subscriber id of a recipient's own inbox is made of. A colon in a type is escaped, so that no two objects share one. */
export function inboxName({ object_type, distinct_id }: Named): string {
  if (object_type === "") return distinct_id;
  return `${OBJECT_INBOX}${object_type.replaceAll(/[%:]/g, encodeURIComponent)}:${distinct_id}`;
}
