import { z } from "zod";
import { findUnsafe, maybeUnsafe } from "../../core/json/json-guard.ts";
import { isDatabaseUnavailable } from "../../db/fault.ts";
import { AppError } from "../../errors.ts";
import { machineType } from "../../http/envelope.ts";
import { databaseRefusal } from "../../http/health.ts";
import type { Log } from "../../log.ts";

/**
 * Endpoints that take one record or an array of them. Each record of an array is handled independently and reported at
 * its position: one that is invalid, or could not be stored, never affects the others.
 */
export interface WireRecord {
  body: unknown;
  /** The record as JSON, as it is stored. */
  text: string;
}

/** In an array, where the endpoint says nothing else. */
export const MAX_RECORDS = 100;

/** SDKs refuse more than this before sending; they count UTF-16 units, not bytes. */
export const MAX_BODY_UNITS = 800 * 1024;

/**
 * The only record of a request, kept as the text that was received: this is the hottest path, and scanning the bytes
 * costs a tenth of walking and printing the value. Refuses what no text column can hold, and what is too large.
 */
export function toRecord(body: unknown, raw: Buffer | null = null): WireRecord {
  const unsafe = raw === null || maybeUnsafe(raw) ? findUnsafe(body) : null;
  if (unsafe !== null) throw new AppError("bad_json", unsafe);
  const text = raw === null ? JSON.stringify(body) : raw.toString("utf8");
  guardSize(text.length);
  return { body, text };
}

/** The records of a body that is one record or an array of at most `max`; only the one is stored as it came. */
export function recordsOf(body: unknown, raw: Buffer | null, max: number): (WireRecord | AppError)[] {
  return Array.isArray(body) ? splitRecords(body, max) : [toRecord(body, raw)];
}

/**
 * The records of an array, each with its text or its error. Refuses the whole array if it is empty, has more than `max`
 * records or is too large: then nothing is stored.
 */
export function splitRecords(bodies: readonly unknown[], max: number): (WireRecord | AppError)[] {
  if (bodies.length === 0) throw new AppError("validation_error", "Request body must not be empty");
  if (bodies.length > max) {
    throw new AppError("validation_error", `Request body must contain at maximum ${max} records`);
  }
  let units = 0;
  return bodies.map((body) => {
    const unsafe = findUnsafe(body);
    if (unsafe !== null) return new AppError("bad_json", unsafe);
    const text = JSON.stringify(body);
    guardSize((units += text.length));
    return { body, text };
  });
}

function guardSize(units: number): void {
  if (units <= MAX_BODY_UNITS) return;
  throw new AppError(
    "payload_too_large",
    "request body is too large: at most 800 KB, counted in UTF-16 units",
  );
}

/** Passes all records to `accept` concurrently; the results are in the order of the records. */
export function settleRecords<T, Fate>(
  records: readonly (T | AppError)[],
  accept: (record: T) => Promise<Fate>,
): Promise<PromiseSettledResult<Fate>[]> {
  return Promise.allSettled(
    records.map(async (record) => {
      if (record instanceof AppError) throw record;
      return accept(record);
    }),
  );
}

/** The fate of the only record of a request. */
export function onlyFate<T>([fate]: readonly PromiseSettledResult<T>[]): T {
  if (fate?.status === "fulfilled") return fate.value;
  throw fate?.reason ?? new Error("the record was lost");
}

export interface BulkReply {
  status: "success";
  records: RecordReply[];
}

export type RecordReply =
  | { status: "success"; status_code: 202; message_id: string }
  | { status: "error"; status_code: number; error: { type: string; message: string } };

/**
 * The 207 response to an array: as long as the request and in its order. The status is `success` whatever the records
 * say. Only if the database accepted none of them is the whole response an error, so that clients know to resend it.
 */
export function presentFates(fates: readonly PromiseSettledResult<string>[], log: Log): BulkReply {
  const [first] = fates;
  if (
    first?.status === "rejected" &&
    fates.every((fate) => fate.status === "rejected" && isDatabaseUnavailable(fate.reason))
  ) {
    throw first.reason;
  }
  return {
    status: "success",
    records: fates.map((fate) =>
      fate.status === "fulfilled"
        ? { status: "success", status_code: 202, message_id: fate.value }
        : presentRefusal(fate.reason, log),
    ),
  };
}

function presentRefusal(reason: unknown, log: Log): RecordReply {
  const refusal = toRefusal(reason, log);
  const { code, status, message } = refusal;
  return { status: "error", status_code: status, error: { type: machineType(code), message } };
}

function toRefusal(reason: unknown, log: Log): AppError {
  if (reason instanceof AppError) return reason;
  log.error({ err: reason }, "a record of a bulk request was not stored");
  return databaseRefusal(reason) ?? new AppError("internal", "internal error", { cause: reason });
}

/**
 * The response of endpoints that answer in text: `ok`, followed by a line for each refused record. If none was
 * accepted, the first refusal is the response; the same if the database failed, because then clients should resend.
 */
export function presentTexts(ok: string, fates: readonly PromiseSettledResult<string>[]): string {
  const refusals = fates.flatMap((fate, index) =>
    fate.status === "rejected" ? [{ index, reason: fate.reason }] : [],
  );
  const failure = refusals.find(({ reason }) => !(reason instanceof AppError));
  if (failure !== undefined) throw failure.reason;
  const [first] = refusals;
  if (first !== undefined && refusals.length === fates.length)
    throw inPlace(first.reason, first.index, fates.length);
  const lines = refusals.map(({ index, reason }) => inPlace(reason, index, fates.length).message);
  return [ok, ...lines].join("\n");
}

function inPlace(reason: AppError, index: number, count: number): AppError {
  if (count === 1) return reason;
  const { code, message, detail } = reason;
  return new AppError(code, `[${index}]: ${message}`, { cause: reason, detail });
}

/** The query of endpoints that take records and have no dry run: this name in particular must not be ignored. */
export const noDryRun = z.object({
  dry_run: z
    .string()
    .optional()
    .refine((given) => given === undefined || given === "false", "only POST /trigger/ can be rehearsed")
    .describe("Refused: only `POST /trigger/` can be rehearsed."),
});
