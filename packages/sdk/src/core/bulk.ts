import { type Api, callOptions } from "./api.ts";
import { type BatchOptions, type Outcome, type RecordReply, sendInBatches } from "./batches.ts";
import { CarillonError, refusalOf } from "./errors.ts";
import { isRecord } from "./is-record.ts";
import type { CallOptions } from "./transport.ts";

/** What became of many records, in one. */
export interface BulkResult<Record = unknown> {
  /** All of them, some, or none were accepted. */
  status: "success" | "partial" | "fail";
  total: number;
  success: number;
  failure: number;
  /** Those that were not accepted: as given, with the reason. */
  failed_records: FailedRecord<Record>[];
  warnings: string[];
}

export interface FailedRecord<Record = unknown> {
  /** Its place in what was given. */
  index: number;
  record: Record;
  /** The message of the reason. */
  error: string;
  /** Its HTTP status; 0 if it was not sent or not answered. */
  code: number;
  /** The reason whole. */
  reason: CarillonError;
}

/**
 * Sends everything and adds up. It does not throw for what the server refuses, nor for bad records: both are in the
 * result. An aborted call and a source that fails throw, with the result so far as the error's `detail`.
 */
export async function sendAll<Record>(
  source: Iterable<Record> | AsyncIterable<Record>,
  options: BatchOptions<Record>,
): Promise<BulkResult<Record>> {
  const result: BulkResult<Record> = {
    status: "success",
    total: 0,
    success: 0,
    failure: 0,
    failed_records: [],
    warnings: [],
  };
  try {
    for await (const outcome of sendInBatches(source, options)) count(result, outcome);
  } catch (error) {
    if (!(error instanceof CarillonError) || !ENDED_EARLY.has(error.code)) throw error;
    throw new CarillonError(error.code, error.message, { cause: error.cause, detail: result });
  }
  return result;
}

/** After these codes outcomes stand. */
const ENDED_EARLY = new Set(["aborted", "source_failed"]);

function count<Record>(result: BulkResult<Record>, outcome: Outcome<Record>): void {
  result.total++;
  if (outcome.status === "success") result.success++;
  else {
    const { index, record, error } = outcome;
    result.failure++;
    result.failed_records.push({ index, record, error: error.message, code: error.status, reason: error });
  }
  result.status = result.failure === 0 ? "success" : result.success === 0 ? "fail" : "partial";
}

interface WireRecord {
  status?: unknown;
  status_code?: unknown;
  message_id?: unknown;
}

/** Where events and edits of users go, many together. */
export const EVENTS = "v2/bulk/event/";

/** Sends an array to an endpoint that answers with one entry for each record, in order. */
export async function postRecords(
  { send }: Api,
  path: string,
  bytes: Uint8Array<ArrayBuffer>,
  options?: CallOptions,
): Promise<RecordReply[]> {
  const { body, requestId } = await send({
    method: "POST",
    path,
    bytes,
    repeatable: true,
    ...callOptions(options),
  });
  const records = isRecord(body) ? body.records : undefined;
  if (!Array.isArray(records)) return [];
  return (records as WireRecord[]).map((record) => {
    if (record.status !== "success") return refusalOf(Number(record.status_code ?? 400), record, requestId);
    return { message_id: typeof record.message_id === "string" ? record.message_id : null };
  });
}

/** The same for a legacy endpoint, which answers `OK` and a line `[3]: reason` for each record that was refused. */
export async function postLines(
  { send }: Api,
  path: string,
  bytes: Uint8Array<ArrayBuffer>,
  count: number,
  options?: CallOptions,
): Promise<RecordReply[]> {
  const { text } = await send({ method: "POST", path, bytes, repeatable: true, ...callOptions(options) });
  const refused = new Map<number, string>();
  for (const [, index, reason = ""] of text.matchAll(/^\[(\d+)\]: (.*)$/gm))
    refused.set(Number(index), reason);
  return Array.from({ length: count }, (_none, index) => {
    const reason = refused.get(index);
    return reason === undefined ? { message_id: null } : refusalOf(400, reason, null);
  });
}
