import { isJsonObject, type Json, type JsonObject } from "./json.ts";

/**
 * The files of a payload: `$attachments`. Only e-mail carries them. They can be megabytes, so their bytes stay in the
 * body of the request that brought them and are read when a mail is sent. Runs, batches and messages hold only a note
 * of each file: its name, its size, and where its bytes are.
 */
export type Attachment = {
  filename: string | null;
  contentType: string | null;
  /** True: the mail is sent without this file when it cannot be fetched. */
  ignore_if_error: boolean;
  /** The size of an inline file in bytes; null where only fetching the file shows it. */
  size: number | null;
  url: string | null;
  /** The position of the file in the request that brought its bytes. */
  stored: StoredAt | null;
  /** Base64 of a file that a node of the workflow made and no request holds. */
  data: string | null;
  /** Why the file can never be attached; null when it can. */
  problem: string | null;
};

/** Refers to entry `index` of the `$attachments` in the body of a request. */
export type StoredAt = { request_id: string; index: number };

export interface PayloadSource {
  request_id: string;
  /** Set for triggers made by the engine: their notes may refer to other requests, a client's must not. */
  is_internal: boolean;
}

/** Replaces the files of a request's payload with notes. A payload without files is returned as it is. */
export function replaceFilesWithNotes(
  payload: JsonObject,
  { request_id, is_internal }: PayloadSource,
): JsonObject {
  const list = payload.$attachments;
  if (!Array.isArray(list)) return payload;
  const notes = list.map((entry, index): Attachment => {
    const note = toNote(entry, is_internal);
    return note.data === null ? note : { ...note, data: null, stored: { request_id, index } };
  });
  return { ...payload, $attachments: notes };
}

/**
 * The attachments of a mail with this payload. `before_batch` is the payload before the run's first batch, null without
 * one. After a batch they are the files of the retained triggers in order, unless a node has since replaced the list in
 * the payload.
 */
export function attachmentsOf(payload: JsonObject, before_batch: JsonObject | null): Attachment[] {
  const own = toNotes(payload.$attachments);
  const items = payload.$batched_events;
  if (before_batch === null || !Array.isArray(items)) return own;
  const wasReplaced = JSON.stringify(own) !== JSON.stringify(toNotes(before_batch.$attachments));
  return wasReplaced ? own : items.filter(isJsonObject).flatMap((item) => toNotes(item.$attachments));
}

export const MAX_FILES = 100;

export function tooMany(count: number): string {
  return `${count} attachments: a mail carries ${MAX_FILES} at most`;
}

/** Reads notes, and files made by nodes, from trusted internal payloads. Never throws. */
export function toNotes(list: Json | undefined): Attachment[] {
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) return [{ ...NOTHING, problem: "$attachments is not a list" }];
  return list.map((entry) => toNote(entry, true));
}

/** The form for logs: without the bytes, and without the URL's query, which often holds a credential. */
export function describeAttachment({
  filename,
  contentType,
  ignore_if_error,
  ...note
}: Attachment): JsonObject {
  return {
    filename,
    contentType,
    size: note.size,
    ...(note.url === null ? {} : { url: withoutQuery(note.url) }),
    ...(ignore_if_error ? { ignore_if_error } : {}),
    ...(note.problem === null ? {} : { problem: note.problem }),
  };
}

const NOTHING: Attachment = {
  filename: null,
  contentType: null,
  ignore_if_error: false,
  size: null,
  url: null,
  stored: null,
  data: null,
  problem: null,
};

/** SDKs send the wire's names; hand-written JSON also uses the others. */
const FILENAME = ["filename", "file_name", "fileName"];
const CONTENT_TYPE = ["contentType", "content_type"];
const IGNORE_IF_ERROR = ["ignore_if_error", "ignoreIfError"];

function toNote(entry: Json, is_trusted: boolean): Attachment {
  if (!isJsonObject(entry)) return { ...NOTHING, problem: "an attachment must be an object" };
  const note: Attachment = {
    ...NOTHING,
    filename: firstText(entry, FILENAME),
    contentType: firstText(entry, CONTENT_TYPE),
    ignore_if_error: IGNORE_IF_ERROR.some((name) => entry[name] === true),
  };
  // SDKs write both keys and leave one of them null, or empty.
  const data = firstText(entry, ["data"]);
  if (data !== null) {
    const size = sizeOf(data);
    return size === null ? { ...note, problem: "the data is not base64" } : { ...note, data, size };
  }
  const url = firstText(entry, ["url"]);
  if (url !== null)
    return isWebAddress(url) ? { ...note, url } : { ...note, problem: "the URL is not http or https" };
  const stored = is_trusted ? readPlace(entry.stored) : null;
  if (stored !== null) return { ...note, stored, size: typeof entry.size === "number" ? entry.size : null };
  const problem = is_trusted ? firstText(entry, ["problem"]) : null;
  return { ...note, problem: problem ?? "it has neither data nor a URL" };
}

function firstText(entry: JsonObject, names: readonly string[]): string | null {
  for (const name of names) {
    const value = entry[name];
    if (typeof value === "string" && value.trim() !== "") return value.trim();
  }
  return null;
}

/** The number of bytes encoded by base64, in either alphabet and with line breaks; null when the text is not base64. */
function sizeOf(data: string): number | null {
  const packed = /\s/.test(data) ? data.replaceAll(/\s+/g, "") : data;
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(packed)) return null;
  const digits = packed.length - (packed.endsWith("==") ? 2 : packed.endsWith("=") ? 1 : 0);
  return digits % 4 === 1 ? null : Math.floor((digits * 3) / 4);
}

function isWebAddress(url: string): boolean {
  return URL.canParse(url) && ["http:", "https:"].includes(new URL(url).protocol);
}

function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

function readPlace(value: Json | undefined): StoredAt | null {
  if (!isJsonObject(value)) return null;
  const { request_id, index } = value;
  const isPlace =
    typeof request_id === "string" && UUID.test(request_id) && typeof index === "number" && isIndex(index);
  return isPlace ? { request_id, index } : null;
}

/** The range of list indexes that the database accepts. */
function isIndex(index: number): boolean {
  return Number.isInteger(index) && index >= 0 && index < 2 ** 31;
}
