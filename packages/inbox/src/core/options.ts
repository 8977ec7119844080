import type { InboxOptions, Store } from "./types.ts";

/** Names that the counts of the wire use for something else. */
const RESERVED = ["badge", "status"];
const MOST_STORES = 20;

/** The stores to keep. Throws a TypeError that names the option and what it has to be. */
export function readOptions({
  host,
  publicKey,
  distinctId,
  pageSize,
  stores,
}: InboxOptions): readonly Store[] {
  demand(/^https?:\/\//.test(host), "host", "the server's origin, as https://notify.example.com");
  demand(isText(publicKey), "publicKey", "the workspace's public key");
  demand(isText(distinctId), "distinctId", "the user's distinct_id, a text");
  demand(
    pageSize === undefined || (Number.isInteger(pageSize) && pageSize >= 1 && pageSize <= 100),
    "pageSize",
    "a whole number from 1 to 100",
  );
  const list = stores ?? [{ id: "all" }];
  demand(list.length >= 1 && list.length <= MOST_STORES, "stores", `a list of 1 to ${MOST_STORES} stores`);
  const ids = list.map(({ id }) => id);
  demand(
    ids.every((id) => /^[\w-]+$/.test(id) && !RESERVED.includes(id)) && new Set(ids).size === ids.length,
    "stores",
    `stores whose ids differ, of letters, digits, _ and -, and are none of ${RESERVED.join(", ")}`,
  );
  return list;
}

const isText = (value: unknown) => typeof value === "string" && value !== "";

function demand(isGood: boolean, option: string, what: string): void {
  if (!isGood) throw new TypeError(`createInbox: ${option} has to be ${what}`);
}
