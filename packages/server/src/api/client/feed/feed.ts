import { z } from "zod";
import { AppError } from "../../../errors.ts";
import { admitPerson, type ClientAuth } from "../../../http/auth/client.ts";
import type { RouteContext } from "../../../http/route.ts";
import { type Feed, findFeed } from "../../../inbox/feeds.ts";
import { feedOwner, storeBody } from "../../inbox-query.ts";
import { ITEM_EXAMPLE } from "./item-example.ts";

/** What the endpoints of a feed share. */
export const feedQuery = z.object(feedOwner);

type Context = Pick<RouteContext<unknown, z.output<typeof feedQuery>, unknown>, "query" | "db"> & {
  auth: ClientAuth;
};

/** The feed that the request is about. One that nothing has come into yet is empty, also that of somebody unknown. */
export function ownFeed({ auth, query, db }: Context): Promise<Feed> {
  const { distinct_id, tenant_id } = query;
  admitPerson(auth, { distinct_id, tenant_id });
  return findFeed(db, { workspace_id: auth.workspace.workspace_id, distinct_id, tenant_id });
}

export const itemParams = z.object({
  n_id: z.string().max(64, "must be at most 64 characters").describe("The item's `n_id`."),
});

export function itemNotFound(n_id: string): AppError {
  return new AppError("not_found", `notification '${n_id}' is not in this feed`);
}

export const itemShape = z
  .looseObject({
    n_id: z.string(),
    n_category: z.string(),
    tenant_id: z.string(),
    created_on: z.number(),
    seen_on: z.number().nullable(),
    read_on: z.number().nullable(),
    interacted_on: z.number().nullable(),
    archived: z.boolean(),
    tags: z.array(z.string()),
    expiry: z.number().nullable(),
    is_expiry_visible: z.boolean(),
    is_pinned: z.boolean(),
    can_user_unpin: z.boolean(),
    message: z.record(z.string(), z.unknown()),
    seq: z.number(),
    snoozed_until: z.number().nullable(),
    collapse_key: z.string().nullable(),
  })
  .describe("Times are milliseconds since 1970. What is snoozed or expired is also `archived`.")
  .meta({ examples: [ITEM_EXAMPLE] });

/** Absent: the whole feed. */
export const wholeStoreBody = z.looseObject({ store: storeBody }).partial().nullable().optional();

/** A feed may hold more items than a statement changes in the usual time. */
export const MANY_MS = 50_000;

export const actedShape = z
  .object({ status: z.literal("success"), seq: z.number() })
  .meta({ examples: [{ status: "success", seq: 1_795_195_264_512 }] });

export const acted = (seq: number) => ({ status: "success" as const, seq });
