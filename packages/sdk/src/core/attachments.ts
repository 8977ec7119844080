import { platform } from "#platform";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { array, kindOf, optionalText, text } from "./check.ts";
import { CarillonError, invalidInput, reasonOf } from "./errors.ts";
import { isRecord } from "./is-record.ts";

/** A file for the e-mails of a trigger, event or broadcast. Exactly one of `path`, `bytes`, `stream`, `base64`, `url`. */
export type Attachment = AttachmentOptions &
  (
    | { path: string | URL }
    | { bytes: Uint8Array | ArrayBuffer; filename: string }
    | { stream: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>; filename: string }
    | { base64: string; filename: string }
    | { url: string }
  );

export interface AttachmentOptions {
  /** As the mail shows it; of a path, its last part. */
  filename?: string;
  /** Of its kind if absent, by the filename's ending. */
  contentType?: string;
  /** Send the mail without it if it cannot be had. */
  ignoreIfError?: boolean;
}

/** As the wire has it, in `$attachments`. */
export interface WireAttachment {
  filename?: string;
  contentType: string | null;
  data: string | null;
  url: string | null;
  ignore_if_error: boolean;
}

const KINDS = ["path", "bytes", "stream", "base64", "url"] as const;

/** Reads what is to be read. A file that is not there is an error now, not in the mail. */
export function toWireAttachments(attachments: readonly Attachment[]): Promise<WireAttachment[]> {
  return Promise.all(
    array("attachments", attachments).map((one, index) => toWireAttachment(one, `attachments[${index}]`)),
  );
}

async function toWireAttachment(attachment: Attachment, field: string): Promise<WireAttachment> {
  const given = isRecord(attachment) ? KINDS.filter((kind) => Object.hasOwn(attachment, kind)) : [];
  if (given.length !== 1) throw invalidInput(field, `must have exactly one of ${KINDS.join(", ")}`);
  optionalText(`${field}.filename`, attachment.filename);
  optionalText(`${field}.contentType`, attachment.contentType);
  if ("url" in attachment) return byUrl(attachment.url, attachment, field);
  if ("path" in attachment) {
    const bytes = await read(`${field}.path`, () => files(`${field}.path`).read(attachment.path));
    return inline(bytes, { ...attachment, filename: attachment.filename ?? nameOf(attachment.path) });
  }
  text(`${field}.filename`, attachment.filename);
  if ("bytes" in attachment) return inline(toBytes(attachment.bytes, `${field}.bytes`), attachment);
  if ("stream" in attachment)
    return inline(
      await read(`${field}.stream`, () => drain(attachment.stream, `${field}.stream`)),
      attachment,
    );
  const bytes = typeof attachment.base64 === "string" ? decodeBase64(attachment.base64) : null;
  if (bytes === null) throw invalidInput(`${field}.base64`, "is not base64");
  return inline(bytes, attachment);
}

/** The same at once, for a path or a URL: what the second door's `add_attachment` takes. */
export function toWireAttachmentSync(pathOrUrl: string, options: AttachmentOptions): WireAttachment {
  if (/^https?:\/\//i.test(pathOrUrl)) return byUrl(pathOrUrl, options, "file_path");
  const { readSync } = files("file_path");
  let bytes: Uint8Array;
  try {
    bytes = readSync(pathOrUrl);
  } catch (error) {
    throw unreadable("file_path", error);
  }
  return inline(bytes, { ...options, filename: options.filename ?? nameOf(pathOrUrl) });
}

function byUrl(url: string, options: AttachmentOptions, field: string): WireAttachment {
  if (typeof url !== "string" || !/^https?:\/\/[^\s/]/i.test(url)) {
    throw invalidInput(`${field}.url`, "must be a web address, like https://example.com/invoice.pdf");
  }
  const { filename } = options;
  return {
    ...(filename === undefined ? {} : { filename }),
    contentType: options.contentType ?? null,
    data: null,
    url,
    ignore_if_error: options.ignoreIfError ?? false,
  };
}

function inline(bytes: Uint8Array, options: AttachmentOptions): WireAttachment {
  const filename = options.filename ?? "attachment";
  return {
    filename,
    contentType: options.contentType ?? typeOf(filename),
    data: encodeBase64(bytes),
    url: null,
    ignore_if_error: options.ignoreIfError ?? false,
  };
}

async function read(field: string, work: () => Promise<Uint8Array>): Promise<Uint8Array> {
  try {
    return await work();
  } catch (error) {
    throw unreadable(field, error);
  }
}

function unreadable(field: string, error: unknown): CarillonError {
  if (error instanceof CarillonError) return error;
  return new CarillonError("invalid_input", `${field}: cannot be read: ${reasonOf(error)}`, {
    field,
    cause: error,
  });
}

function files(field: string) {
  if (platform.files !== null) return platform.files;
  throw invalidInput(field, "can be read in Node, Bun and Deno only: give bytes, base64 or a url");
}

function toBytes(given: Uint8Array | ArrayBuffer, field: string): Uint8Array {
  // By their shapes: a test runner's are of another realm.
  if (ArrayBuffer.isView(given)) return new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
  if (Object.prototype.toString.call(given) === "[object ArrayBuffer]") return new Uint8Array(given);
  throw invalidInput(field, `must be a Uint8Array or an ArrayBuffer, and is ${kindOf(given)}`);
}

async function drain(
  stream: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>,
  field: string,
): Promise<Uint8Array> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  // A stream of texts would come out empty.
  const take = (part: Uint8Array) => parts.push(new Uint8Array(toBytes(part, field)));
  if (
    typeof stream !== "object" ||
    stream === null ||
    !(Symbol.asyncIterator in stream || "getReader" in stream)
  ) {
    throw invalidInput(field, `must be a stream or an async iterable of bytes, and is ${kindOf(stream)}`);
  }
  if (Symbol.asyncIterator in stream) for await (const part of stream) take(part);
  else {
    // Browsers' streams cannot be iterated everywhere.
    const reader = (stream as ReadableStream<Uint8Array>).getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) take(next.value);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

function nameOf(path: string | URL): string {
  const name = String(path).split(/[/\\]/).at(-1) ?? "";
  return typeof path === "string" ? name : decodeURIComponent(name);
}

const TYPES: Readonly<Record<string, string>> = {
  csv: "text/csv",
  doc: "application/msword",
  docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  gif: "image/gif",
  html: "text/html",
  ics: "text/calendar",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  json: "application/json",
  md: "text/markdown",
  pdf: "application/pdf",
  png: "image/png",
  ppt: "application/vnd.ms-powerpoint",
  pptx: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
  svg: "image/svg+xml",
  txt: "text/plain",
  webp: "image/webp",
  xls: "application/vnd.ms-excel",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  xml: "application/xml",
  zip: "application/zip",
};

function typeOf(filename: string): string {
  const ending = /\.([a-z0-9]+)$/i.exec(filename)?.[1]?.toLowerCase() ?? "";
  return TYPES[ending] ?? "application/octet-stream";
}
