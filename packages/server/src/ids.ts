import { randomBytes, randomFillSync } from "node:crypto";

/**
 * Time-ordered ids. `request` ids are UUIDv7 (clients expect a UUID), all others ULIDs. Both begin with the millisecond
 * of their creation, so an id alone determines its row's partition.
 */

const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const POOL_BYTES = 4096;

/** Ids of one process: strictly increasing even inside one millisecond. */
export interface IdSource {
  ulid: () => string;
  uuid: () => string;
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

  return {
    ulid() {
      tick();
      const random = take(8);
      let tail = "";
      for (let index = 0; index < 8; index++) tail += CROCKFORD[(random[index] ?? 0) & 31];
      let middle = "";
      for (let shift = 35; shift >= 0; shift -= 5) {
        middle += CROCKFORD[Math.floor(counter / 2 ** shift) & 31];
      }
      return ulidTime(lastMs) + middle + tail;
    },
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

/** The smallest UUIDv7-ordered value of `ms`: a partition bound. */
export function uuidTime(ms: number): string {
  const time = ms.toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-0000-0000-000000000000`;
}

/** A credential of `bytes` random bytes, URL-safe. */
export function randomToken(bytes: number): string {
  return randomBytes(bytes).toString("base64url");
}
