import { z } from "zod";
import { AppError } from "../../../errors.ts";
import type { ClientAuth } from "../../../http/auth/client.ts";
import type { Queryable } from "../../../db/db.ts";
import { type Feed, findFeed } from "../../../inbox/feeds.ts";
import { countItems } from "../../../inbox/read-feed.ts";
import { EVERYTHING } from "../../../inbox/store-query.ts";
import { ITEM_EXAMPLE } from "../../client/feed/item-example.ts";
import { feedDistinctId, feedTenantId } from "../../inbox-query.ts";

/** What the endpoints of the older inbox share. */
const subscriber_id = z
  .unknown()
  .describe("The HMAC-SHA256 of `distinct_id` with the workspace's inbox secret, in base64url.")
  .meta({ example: "sAyuOget4m_oXqrbYmrPTCd1z3dRdHSRpLG2yPBjonA" });

export const subscriberQuery = z.object({
  distinct_id: feedDistinctId,
  tenant_id: feedTenantId,
  subscriber_id,
});

/** The person is the one whom `subscriber_id` proves. `time` is the client's clock, of which nothing depends. */
export const subscriberBody = z.looseObject({
  tenant_id: feedTenantId,
  subscriber_id,
  distinct_id: z.unknown().meta({ example: "ann" }),
});

interface Context {
  auth: ClientAuth;
  db: Queryable;
}

/** The subscriber, in any of the workspace's tenants: the proof says nothing of them. Throws 401 without one. */
export function subscriberOf({ auth }: Pick<Context, "auth">): { workspace_id: number; distinct_id: string } {
  const { person, workspace } = auth;
  if (person === null)
    throw new AppError("not_authenticated", "Not Authenticated - subscriber_id is missing");
  return { workspace_id: workspace.workspace_id, distinct_id: person.distinct_id };
}

export function subscriberFeed({ auth, db }: Context, tenant_id: string): Promise<Feed> {
  return findFeed(db, { ...subscriberOf({ auth }), tenant_id });
}

export const doneShape = z.object({ status: z.literal("success") });
export const DONE = { status: "success" as const };

const { read_on, seq: _seq, snoozed_until: _until, collapse_key: _key, ...legacy } = ITEM_EXAMPLE;

export const legacyItemShape = z
  .record(z.string(), z.unknown())
  .describe("An item. There is no `read_on`: `seen_on` is when it was read.")
  .meta({ examples: [{ ...legacy, seen_on: read_on }] });

export const polledShape = z.object({ results: z.array(legacyItemShape), unread: z.int() });

/** Items in the answer to a poll: react-inbox 1.3 shows no more than these. */
export const POLLED = 20;

export async function countUnread(db: Queryable, feed: Feed): Promise<number> {
  const { unread = 0 } = await countItems(db, feed, [
    { store_id: "unread", query: { ...EVERYTHING, read: false } },
  ]);
  return unread;
}
