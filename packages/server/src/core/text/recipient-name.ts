/** The longest id of a user or an object, as `length` counts it; and how everything that takes one refuses a longer. */
export const MAX_RECIPIENT_ID = 255;
export const LONG_RECIPIENT_ID = `must be at most ${MAX_RECIPIENT_ID} characters`;

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
