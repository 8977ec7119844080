import { createHash } from "node:crypto";
import { MAX_FILES, tooMany, type Attachment, type StoredAt, toNotes } from "../../core/attachments.ts";
import type { Json } from "../../core/json.ts";
import type { Db } from "../../db/db.ts";
import { isDatabaseUnavailable } from "../../db/fault.ts";
import { fileName, mediaType } from "./attachment-name.ts";
import { createFileCache } from "./file-cache.ts";
import { HttpCallError, type HttpClient, retryAfterSeconds } from "../http/http.ts";
import { failure } from "../vendor/failure.ts";
import type { AttachedFile, Failed } from "../vendor/vendor.ts";

/**
 * Loads the files of a mail before it is sent. A message holds notes of them; the bytes are read from the request that
 * brought them, or fetched from their URL, before the vendor is called and outside of every transaction.
 *
 * A file that cannot be loaded fails the mail, or is left out if `ignore_if_error` is set. Temporary failures are
 * retried like any failure of a vendor: an optional file delays its mail by two short retries only.
 */
export interface Attachments {
  /** Never rejects because of a file, its server or the database. Once `signal` is aborted nothing more is started. */
  load: (message: Carrier, signal: AbortSignal) => Promise<Loaded>;
}

export interface Carrier {
  workspace_id: number;
  attachments: Json;
  /** 1 for the first try. */
  attempt: number;
}

export type Loaded =
  | { ok: true; files: AttachedFile[]; left_out: LeftOut[] }
  | { ok: false; failure: Failed };

/** A file that was left out of its mail. */
export interface LeftOut {
  filename: string;
  code: string;
  reason: string;
}

/** No mail reads more than this; a payload of 3 MB could name a hundred thousand URLs. */

/** Parallel fetches for one mail. */
const FETCHES = 4;

const MAX_FILE_BYTES = 10 * 1024 * 1024;

/** Providers refuse mails above 25 to 40 MB, and base64 adds a third. */
const MAX_TOTAL_BYTES = 18 * 1024 * 1024;

const FETCH_TIMEOUT_MS = 20_000;

/** After these attempts a mail goes without an optional file whose server does not answer. */
const PATIENT_ATTEMPTS = 2;

const CACHE_BYTES = 64 * 1024 * 1024;
const CACHE_TTL_MS = 60_000;

/** Bytes, and what the server says about them in its headers. */
type Fetched =
  | {
      ok: true;
      bytes: Buffer;
      sha256: string;
      content_type: string | undefined;
      disposition: string | undefined;
    }
  | Refused;
type Refused = { ok: false; failure: Failed };

export function createAttachments({ db, http }: { db: Db; http: HttpClient }): Attachments {
  const cache = createFileCache<Fetched>({
    max_bytes: CACHE_BYTES,
    ttl_ms: CACHE_TTL_MS,
    sizeOf: (fetched) => (fetched.ok ? fetched.bytes.length : null),
  });

  /** Others may wait for the same file, so one mail's signal must not abort a fetch that has started. */
  function read(workspace_id: number, note: Attachment): Promise<Fetched> {
    const { problem, data, stored, url } = note;
    if (data !== null) return Promise.resolve(fetched(Buffer.from(data, "base64"), {}));
    if (stored !== null) {
      const key = `${workspace_id} ${stored.request_id} ${stored.index}`;
      return cache.get(key, () => readStored(db, workspace_id, stored));
    }
    if (url !== null) return cache.get(`${workspace_id} ${url}`, () => fetchFile(http, url));
    return Promise.resolve(
      unusable("message", "invalid_attachment", problem ?? "there is nothing to attach"),
    );
  }

  async function load({ workspace_id, attachments, attempt }: Carrier, signal: AbortSignal): Promise<Loaded> {
    const notes = toNotes(attachments);
    if (notes.length > MAX_FILES) {
      return unusable("message", "too_many_attachments", tooMany(notes.length));
    }
    let held = 0;
    const results = await inParallel(notes, FETCHES, async (note) => {
      if (signal.aborted) return OUT_OF_TIME;
      if (held > MAX_HELD_BYTES) return TOO_LARGE;
      const result = await read(workspace_id, note);
      if (result.ok) held += result.bytes.length;
      return result;
    });
    return select(notes, results, attempt);
  }

  return { load };
}

/** The limit while one mail is put together: some files may be duplicates, and some may be left out. */
const MAX_HELD_BYTES = 3 * MAX_TOTAL_BYTES;
const TOO_LARGE = unusable(
  "message",
  "attachments_too_large",
  `the attachments are more than ${MAX_HELD_BYTES} bytes in all, and ${MAX_TOTAL_BYTES} is what mail servers accept`,
);

const OUT_OF_TIME = unusable("transient", "attachment_timeout", "there was no time left to fetch it");

/** The files of the mail, or why it cannot be sent. A final reason wins: waiting for others would not help. */
function select(notes: Attachment[], results: Fetched[], attempt: number): Loaded {
  const files = new Map<string, AttachedFile & { is_optional: boolean }>();
  const left_out: LeftOut[] = [];
  const failures: Failed[] = [];
  for (const [index, note] of notes.entries()) {
    const result = results[index] ?? OUT_OF_TIME;
    const filename = fileName(note.filename, result.ok ? result.disposition : undefined, note.url);
    if (result.ok) {
      const { bytes, sha256 } = result;
      const content_type = mediaType(note.contentType, result.content_type, filename);
      const key = `${sha256} ${content_type} ${filename}`;
      // The triggers of a batch often bring the same file.
      const is_optional = note.ignore_if_error && files.get(key)?.is_optional !== false;
      files.set(key, { filename, content_type, bytes, sha256, is_optional });
      continue;
    }
    const { class: kind, code, message } = result.failure;
    if (note.ignore_if_error && (kind === "message" || attempt > PATIENT_ATTEMPTS)) {
      left_out.push({ filename, code, reason: message });
    } else {
      const name = note.filename === null && note.url === null ? String(index + 1) : filename;
      failures.push({ ...result.failure, message: `attachment ${name}: ${message}` });
    }
  }
  const failure = failures.find((one) => one.class === "message") ?? failures[0];
  if (failure !== undefined) return { ok: false, failure };
  return fit([...files.values()], left_out);
}

/** If they are too large together, optional files are left out, last ones first. */
function fit(files: (AttachedFile & { is_optional: boolean })[], left_out: LeftOut[]): Loaded {
  let bytes = files.reduce((sum, file) => sum + file.bytes.length, 0);
  const code = "attachments_too_large";
  const reason = `the attachments are ${bytes} bytes in all, and ${MAX_TOTAL_BYTES} is what mail servers accept`;
  const taken = new Set(files);
  for (const file of files.toReversed()) {
    if (bytes <= MAX_TOTAL_BYTES) break;
    if (!file.is_optional) continue;
    taken.delete(file);
    bytes -= file.bytes.length;
    left_out.push({ filename: file.filename, code, reason });
  }
  if (bytes > MAX_TOTAL_BYTES) return unusable("message", code, reason);
  return { ok: true, files: [...taken].map(({ is_optional: _is_optional, ...file }) => file), left_out };
}

/** Reads a file from the body of its request. The list there has the same entries as the notes. */
async function readStored(db: Db, workspace_id: number, { request_id, index }: StoredAt): Promise<Fetched> {
  let rows: { data: string | null }[];
  try {
    rows = await db.query<{ data: string | null }>(
      `select case when api_type = 'event' then body -> 'properties' else body -> 'data' end
                -> '$attachments' -> $3::int ->> 'data' as data
         from request where workspace_id = $1 and id = $2`,
      [workspace_id, request_id, index],
      "attachment_read",
    );
  } catch (error) {
    if (!isDatabaseUnavailable(error)) throw error;
    return unusable("transient", "attachment_unread", "the database could not be asked for it");
  }
  const data = rows[0]?.data ?? null;
  if (data === null) {
    return unusable("message", "attachment_gone", "the request that brought it has outlived its retention");
  }
  return fetched(Buffer.from(data, "base64"), {});
}

/** Failures that a retry would not change. */
const FINAL = new Set(["blocked_address", "invalid_request", "response_too_large", "bad_redirect"]);

/** Failures never name the URL: it may contain a token. */
async function fetchFile(http: HttpClient, url: string): Promise<Fetched> {
  try {
    const { status, headers, body } = await http.request({
      method: "GET",
      url,
      encoding: "base64",
      redirects: 5,
      max_response_bytes: MAX_FILE_BYTES,
      timeout_ms: FETCH_TIMEOUT_MS,
    });
    if (status === 200) return fetched(Buffer.from(body, "base64"), headers);
    const mayPass = status >= 500 || [408, 425, 429].includes(status);
    const refusal = unusable(
      mayPass ? "transient" : "message",
      `attachment_http_${status}`,
      `HTTP status ${status}`,
    );
    const retry_after = mayPass ? retryAfterSeconds(headers) : undefined;
    return retry_after === undefined ? refusal : { ok: false, failure: { ...refusal.failure, retry_after } };
  } catch (error) {
    if (!(error instanceof HttpCallError)) throw error;
    const { code } = error;
    return unusable(
      FINAL.has(code) ? "message" : "transient",
      `attachment_${code}`,
      code.replaceAll("_", " "),
    );
  }
}

function fetched(bytes: Buffer, headers: Readonly<Record<string, string>>): Fetched {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const { "content-type": content_type, "content-disposition": disposition } = headers;
  return { ok: true, bytes, sha256, content_type, disposition };
}

function unusable(kind: Failed["class"], code: string, message: string): Refused {
  return { ok: false, failure: failure(kind, code, message) };
}

/** Results in the order of the items, however long each takes. */
async function inParallel<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const rest = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of rest) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: limit }, lane));
  return results;
}
