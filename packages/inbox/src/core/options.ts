import type { InboxOptions, Store } from "./types.ts";

/** Names that the counts of the wire use for something else. */
const RESERVED = ["badge", "status"];
const MOST_STORES = 20;

/** The stores to keep. Throws a TypeError that names the option and what it has to be. */
export function readOptions({
  host,
  publicKey,
  distinctId,
  pageSize = 20,
  stores,
}: InboxOptions): readonly Store[] {
  const list = stores ?? [{ id: "all" }];
  const ids = list.map(({ id }) => id);
  const isGoodId = (id: string) => /^[\w-]+$/.test(id) && !RESERVED.includes(id);
  const isText = (value: unknown) => typeof value === "string" && value !== "";
  const demands: [option: string, isGood: boolean, what: string][] = [
    ["host", /^https?:\/\//.test(host), "the server's origin, as https://notify.example.com"],
    ["publicKey", isText(publicKey), "the workspace's public key"],
    ["distinctId", isText(distinctId), "the user's distinct_id, a text"],
    ["pageSize", Number.isInteger(pageSize) && pageSize >= 1 && pageSize <= 100, "from 1 to 100"],
    ["stores", list.length >= 1 && list.length <= MOST_STORES, `1 to ${MOST_STORES} stores`],
    [
      "stores[].id",
      ids.every(isGoodId) && new Set(ids).size === ids.length,
      `letters, digits, _ and -, each once, and not ${RESERVED.join(" or ")}`,
    ],
  ];
  for (const [option, isGood, what] of demands) {
    if (!isGood) throw new TypeError(`createInbox: ${option} has to be ${what}`);
  }
  return list;
}
