import type { JsonObject } from "../core/json.ts";
import type { InboxItem } from "./read-feed.ts";

/**
 * An item as current clients read it (web-sdk from 3, Swift, Android). What is not set is null and never 0, which Swift
 * takes for a time; a missing `is_pinned` or `is_expiry_visible` fails the decoder of the whole list there. What is
 * snoozed or expired is archived for them. `seq`, `snoozed_until` and `collapse_key` are ours.
 */
export interface WireItem extends JsonObject {
  n_id: string;
  n_category: string;
  tenant_id: string;
  /** This and all other times: milliseconds since 1970. */
  created_on: number;
  seen_on: number | null;
  read_on: number | null;
  interacted_on: number | null;
  archived: boolean;
  tags: string[];
  expiry: number | null;
  is_expiry_visible: boolean;
  is_pinned: boolean;
  can_user_unpin: boolean;
  message: JsonObject;
  seq: number;
  snoozed_until: number | null;
  collapse_key: string | null;
}

export function presentItem(item: InboxItem): WireItem {
  return {
    n_id: item.id,
    n_category: item.category,
    tenant_id: item.tenant_id,
    created_on: item.created_on.getTime(),
    seen_on: msOf(item.seen_at),
    read_on: msOf(item.read_at),
    interacted_on: msOf(item.interacted_at),
    archived: item.is_archived || item.snoozed_until !== null || item.is_expired,
    tags: item.tags,
    expiry: msOf(item.expiry),
    is_expiry_visible: item.is_expiry_visible,
    is_pinned: item.is_pinned,
    can_user_unpin: item.can_user_unpin,
    message: { schema: "1.0", text: "", ...item.message },
    seq: item.seq,
    snoozed_until: msOf(item.snoozed_until),
    collapse_key: item.collapse_key,
  };
}

/** As js-inbox and react-inbox read it: there is no `read_on`, and `seen_on` means read. */
export function presentLegacyItem(item: InboxItem): JsonObject {
  const { read_on, seq: _seq, snoozed_until: _until, collapse_key: _key, ...legacy } = presentItem(item);
  return { ...legacy, seen_on: read_on };
}

const msOf = (time: Date | null): number | null => time?.getTime() ?? null;
