import { hash, randomBytes, randomFillSync } from "node:crypto";

/**
 * Time-ordered ids. `request` ids are UUIDv7 (clients expect a UUID), all others ULIDs. Both begin with the
 * millisecond of their making, so an id alone gives the partition of its row.
 *
 * The ids of what belongs to a recipient (run, message, inbox item, wait, batch) end in the recipient's bucket: a look-up
 * by id then knows its shard, whether the buckets lie in one database or in several. It costs nothing today, and could
 * not be added to ids that have been given out.
 */

const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const POOL_BYTES = 4096;

/** Ids of one process: strictly increasing even inside one millisecond. */
export interface IdSource {
  ulid: () => string;
  /** A ULID that ends in the bucket of the recipient that it belongs to. */
  ulidIn: (bucket: Bucket) => string;
  uuid: () => string;
}

/** The last two characters of ids: ten bits. */
export type Bucket = string & { readonly kind: "bucket" };

const BUCKETS = 1024;
const BUCKET_LENGTH = 2;

/** The key of a user, whose `object_type` is empty, or of an object. */
export interface Owner {
  workspace_id: number;
  object_type: string;
  distinct_id: string;
}

/**
 * The bucket of a recipient: the first ten bits of the MD5 of `workspace_id/object_type/distinct_id`. The same in SQL:
 * `('x' || md5(workspace_id || '/' || object_type || '/' || distinct_id))::bit(10)::int`. Ids keep it: it never changes.
 */
export function bucketOf({ workspace_id, object_type, distinct_id }: Owner): Bucket {
  const digest = hash("md5", `${workspace_id}/${object_type}/${distinct_id}`, "hex");
  const bucket = Number.parseInt(digest.slice(0, 3), 16) >> 2;
  return `${CROCKFORD[bucket >> 5] ?? ""}${CROCKFORD[bucket & 31] ?? ""}` as Bucket;
}

/** The bucket that an id ends in: 0 to 1023. Null for what is no ULID. */
export function bucketNumber(id: string): number | null {
  const [high = "", low = ""] = id.slice(-BUCKET_LENGTH);
  const bucket = CROCKFORD.indexOf(high) * 32 + CROCKFORD.indexOf(low);
  return id.length === 26 && high !== "" && low !== "" && bucket >= 0 && bucket < BUCKETS ? bucket : null;
}

/** The bucket of the id of something that belongs to a recipient, for what else belongs to them. */
export function bucketOfId(id: string): Bucket {
  return id.slice(-BUCKET_LENGTH) as Bucket;
}

export function createIdSource(now: () => number = Date.now): IdSource {
  const pool = Buffer.allocUnsafe(POOL_BYTES);
  let used = POOL_BYTES;
  let lastMs = 0;
  let counter = 0;

  function take(count: number): Buffer {
    if (used + count > POOL_BYTES) {
      randomFillSync(pool);
      used = 0;
    }
    used += count;
    return pool.subarray(used - count, used);
  }

  /** The current millisecond and a 20-bit counter that keeps one process's ids in order. */
  function tick(): void {
    const ms = Math.max(now(), lastMs);
    if (ms > lastMs) {
      lastMs = ms;
      counter = take(2).readUInt16BE(0);
    } else if (++counter > 0xfffff) {
      lastMs += 1;
      counter = 0;
    }
  }

  /** Time and counter, then so many random characters. */
  function withTail(length: number): string {
    tick();
    const random = take(length);
    let tail = "";
    for (let index = 0; index < length; index++) tail += CROCKFORD[(random[index] ?? 0) & 31];
    let middle = "";
    for (let shift = 35; shift >= 0; shift -= 5) {
      middle += CROCKFORD[Math.floor(counter / 2 ** shift) & 31];
    }
    return ulidTime(lastMs) + middle + tail;
  }

  return {
    ulid: () => withTail(8),
    ulidIn: (bucket) => withTail(8 - BUCKET_LENGTH) + bucket,
    uuid() {
      tick();
      const random = take(8);
      const time = lastMs.toString(16).padStart(12, "0");
      const high = (0x7000 | (counter >>> 8)).toString(16);
      const low = (0x8000 | ((counter & 0xff) << 6) | ((random[0] ?? 0) & 63)).toString(16);
      const tail = random.toString("hex", 1, 7);
      return `${time.slice(0, 8)}-${time.slice(8)}-${high}-${low}-${tail}`;
    },
  };
}

/** The ten leading characters of every ULID created at `ms`. */
export function ulidTime(ms: number): string {
  let rest = ms;
  let text = "";
  for (let index = 0; index < 10; index++) {
    text = CROCKFORD[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

/** The millisecond at which a ULID was made. */
export function ulidMs(id: string): number {
  let ms = 0;
  for (const character of id.slice(0, 10)) ms = ms * 32 + Math.max(0, CROCKFORD.indexOf(character));
  return ms;
}

/** The smallest UUIDv7-ordered value of `ms`: a partition bound. */
export function uuidTime(ms: number): string {
  const time = ms.toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-0000-0000-000000000000`;
}

/** A credential of `bytes` random bytes, URL-safe. */
export function randomToken(bytes: number): string {
  return randomBytes(bytes).toString("base64url");
}
