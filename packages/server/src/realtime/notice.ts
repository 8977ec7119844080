import type { Announcement } from "../inbox/feed.ts";
import type { FeedEvent } from "./feed-line.ts";
import type { FeedKey } from "../inbox/feed.ts";

/**
 * What processes on one database say to each other about feeds, as payloads of NOTIFY: an array whose first element is
 * the sender, followed by `"here"` (it has subscribers) or by changes. A payload must be below 8,000 bytes.
 */
export type Notice =
  | { from: string; is_here: true }
  | { from: string; is_here: false; changes: NoticedChange[] };

export interface NoticedChange {
  key: FeedKey;
  event: FeedEvent;
}

const MAX_BYTES = 7900;

export const hereNotice = (from: string): string => JSON.stringify([from, "here"]);

/** As few payloads as hold the changes, in their order. */
export function encodeNotices(from: string, changes: readonly Announcement[]): string[] {
  const head = `[${JSON.stringify(from)}`;
  const payloads: string[] = [];
  let parts: string[] = [];
  let bytes = head.length + 1;
  const flush = () => {
    if (parts.length > 0) payloads.push(`${[head, ...parts].join(",")}]`);
    parts = [];
    bytes = head.length + 1;
  };
  for (const change of changes) {
    const part = encodeChange(change, MAX_BYTES - head.length - 2);
    const size = Buffer.byteLength(part) + 1;
    if (bytes + size > MAX_BYTES) flush();
    parts.push(part);
    bytes += size;
  }
  flush();
  return payloads;
}

/** A change that no payload can hold is announced without saying what it was. */
function encodeChange({ key, seq, change }: Announcement, room: number): string {
  const whole = [key.workspace_id, key.recipient_id, key.tenant_id, seq, change];
  const text = JSON.stringify(whole);
  return Buffer.byteLength(text) <= room ? text : JSON.stringify([...whole.slice(0, 4), null]);
}

/** Null: it is none, or the sender's own, as `self` says. */
export function decodeNotice(payload: string, self: string): Notice | null {
  if (payload.startsWith(`[${JSON.stringify(self)},`)) return null;
  try {
    const [from, ...rest] = JSON.parse(payload) as [string, ...("here" | NoticeTuple)[]];
    if (rest[0] === "here") return { from, is_here: true };
    const changes = (rest as NoticeTuple[]).map(([workspace_id, recipient_id, tenant_id, seq, change]) => ({
      key: { workspace_id, recipient_id, tenant_id },
      event: { seq, change },
    }));
    return { from, is_here: false, changes };
  } catch {
    // Any client of the database can notify on the channel.
    return null;
  }
}

type NoticeTuple = [number, string, string, number, FeedEvent["change"]];
