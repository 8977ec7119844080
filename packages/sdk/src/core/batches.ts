import { fits, MAX_BODY } from "./body.ts";
import { kindOf } from "./check.ts";
import { CarillonError, invalidInput, reasonOf, toCarillonError } from "./errors.ts";

/** What became of one record of many. */
export type Outcome<Record> =
  | {
      /** Its place in what was given. */
      index: number;
      record: Record;
      status: "success";
      status_code: number;
      /** Of the accepted request; null where the endpoint gives none. */
      message_id: string | null;
    }
  | { index: number; record: Record; status: "error"; status_code: number; error: CarillonError };

/** How the server answers one record of a call. */
export type RecordReply = { message_id: string | null } | CarillonError;

export interface BatchOptions<Record> {
  /** A record as the bytes of its JSON, once. What it throws is the record's outcome; the others go on. */
  prepare: (record: Record) => Uint8Array | Promise<Uint8Array>;
  /** Sends an array of so many records; replies in their order. */
  post: (bytes: Uint8Array<ArrayBuffer>, count: number) => Promise<RecordReply[]>;
  maxRecords?: number;
  /** Calls under way at a time. Records are read no further ahead than these. */
  concurrency?: number;
  signal?: AbortSignal | undefined;
}

interface Slot<Record> {
  index: number;
  record: Record;
  bytes: Uint8Array | null;
  error: CarillonError | null;
}

const OPEN = 0x5b;
const COMMA = 0x2c;
const CLOSE = 0x5d;

/**
 * Any number of records in calls of at most 100 records and 800 KB, with their outcomes in order. Memory is that of the
 * calls under way: the source is read as its records can be sent.
 */
export async function* sendInBatches<Record>(
  source: Iterable<Record> | AsyncIterable<Record>,
  options: BatchOptions<Record>,
): AsyncGenerator<Outcome<Record>, void, undefined> {
  const { prepare, post, maxRecords = 100, concurrency = 4, signal } = options;
  const underWay: Promise<Outcome<Record>[]>[] = [];
  let batch: Slot<Record>[] = [];
  let size = 1;
  let index = 0;
  const start = () => {
    underWay.push(settle(batch, size, post));
    batch = [];
    size = 1;
  };
  const { records, end } = recordsOf(source);
  for await (const record of records) {
    if (signal?.aborted === true) break;
    const slot = await toSlot(index++, record, prepare);
    const length = slot.bytes === null ? 0 : slot.bytes.length + 1;
    if (batch.length >= maxRecords || (batch.length > 0 && size + length > MAX_BODY)) start();
    batch.push(slot);
    size += length;
    // The wait for the oldest is the back-pressure: nothing further is read before it is over.
    while (underWay.length >= concurrency) yield* (await underWay.shift()) ?? [];
  }
  if (batch.length > 0) start();
  for (const outcomes of underWay) yield* await outcomes;
  if (signal?.aborted === true) {
    throw new CarillonError("aborted", `the call was aborted after ${index} records`, {
      cause: signal.reason,
    });
  }
  if (end.failure !== null) {
    const { cause } = end.failure;
    throw new CarillonError("source_failed", `records: failed after ${index} records: ${reasonOf(cause)}`, {
      field: "records",
      cause,
    });
  }
}

interface End {
  /** What the source threw. */
  failure: { cause: unknown } | null;
}

/** The records of a source, which just ends where it fails: what was read before is sent, and its outcomes come first. */
function recordsOf<Record>(source: Iterable<Record> | AsyncIterable<Record>): {
  records: AsyncIterable<Record>;
  end: End;
} {
  if (!isIterable(source)) {
    throw invalidInput(
      "records",
      `must be an array or another iterable of records, and is ${kindOf(source)}`,
    );
  }
  const end: End = { failure: null };
  async function* read() {
    try {
      yield* source;
    } catch (cause) {
      end.failure = { cause };
    }
  }
  return { records: read(), end };
}

function isIterable(source: unknown): boolean {
  return (
    typeof source === "object" &&
    source !== null &&
    (Symbol.asyncIterator in source || Symbol.iterator in source)
  );
}

async function toSlot<Record>(
  index: number,
  record: Record,
  prepare: BatchOptions<Record>["prepare"],
): Promise<Slot<Record>> {
  try {
    const made = prepare(record);
    // Most are made at once; awaiting those too would cost more than making them.
    const bytes = made instanceof Uint8Array ? made : await made;
    // Alone in its call, between brackets.
    if (!fits(bytes, MAX_BODY - 2)) throw tooBig(bytes.length);
    return { index, record, bytes, error: null };
  } catch (error) {
    return { index, record, bytes: null, error: toCarillonError(error, "record") };
  }
}

function tooBig(length: number): CarillonError {
  return new CarillonError(
    "invalid_input",
    `record: is ${length} bytes of JSON, and at most 800 KB (${MAX_BODY} bytes) can be sent in one call`,
    { field: "record" },
  );
}

async function settle<Record>(
  slots: readonly Slot<Record>[],
  size: number,
  post: BatchOptions<Record>["post"],
): Promise<Outcome<Record>[]> {
  const sound = slots.filter(({ bytes }) => bytes !== null);
  const replies = sound.length === 0 ? [] : await attempt(join(sound, size), sound.length, post);
  let next = 0;
  return slots.map(({ index, record, bytes, error }) => {
    const reply = bytes === null ? error : replies[next++];
    if (reply instanceof CarillonError) {
      return { index, record, status: "error", status_code: reply.status, error: reply };
    }
    if (reply === null || reply === undefined) {
      const missing = new CarillonError("bad_response", "the answer has no entry for this record");
      return { index, record, status: "error", status_code: 0, error: missing };
    }
    return { index, record, status: "success", status_code: 202, message_id: reply.message_id };
  });
}

/** A call that fails as a whole is the outcome of each of its records. */
async function attempt(
  bytes: Uint8Array<ArrayBuffer>,
  count: number,
  post: BatchOptions<unknown>["post"],
): Promise<RecordReply[]> {
  try {
    return await post(bytes, count);
  } catch (error) {
    const failure = toCarillonError(error, "records");
    return Array.from({ length: count }, () => failure);
  }
}

function join(slots: readonly Slot<unknown>[], size: number): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(size);
  let at = 0;
  for (const { bytes } of slots) {
    joined[at++] = at === 1 ? OPEN : COMMA;
    joined.set(bytes ?? [], at);
    at += bytes?.length ?? 0;
  }
  joined[at] = CLOSE;
  return joined;
}
