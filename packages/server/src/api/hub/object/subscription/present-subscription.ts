import { z } from "zod";
import { microsOffset } from "../../../../core/time/wire-time.ts";
import { countRows } from "../../../../db/count-rows.ts";
import type { Queryable } from "../../../../db/db.ts";
import { isJsonObject } from "../../../../core/json.ts";
import { type Cursor, cursorMeta, MAX_COUNT, pageFrom } from "../../../../http/cursor.ts";
import { countSubscribers } from "../../../../recipients/subscribers.ts";
import { briefObjectShape, presentBrief } from "../present-object.ts";

/** Subscriptions as the wire shows them: from the object's side and from the subscriber's. */
const edge = {
  properties: z.record(z.string(), z.unknown()),
  created_at: z.string(),
  updated_at: z.string(),
};

export const subscriptionShape = z
  .object({
    properties: edge.properties,
    user: z.object({ distinct_id: z.string(), updated_at: z.string() }).nullable(),
    object: briefObjectShape.nullable(),
    created_at: edge.created_at,
    updated_at: edge.updated_at,
  })
  .describe("The subscriber is either a user or an object; the other one is null.");

export type SubscriptionView = z.input<typeof subscriptionShape>;

const parentShape = z.object({
  properties: edge.properties,
  object: briefObjectShape.extend({ properties: z.record(z.string(), z.unknown()) }),
  created_at: edge.created_at,
  updated_at: edge.updated_at,
});

export const subscriptionPage = z.object({ meta: cursorMeta, results: z.array(subscriptionShape) });
export const parentPage = z.object({ meta: cursorMeta, results: z.array(parentShape) });

interface EdgeRow {
  id: string;
  properties: unknown;
  created_at: Date;
  updated_at: Date;
  other_id: string;
  object_type: string;
  distinct_id: string;
  other_updated_at: Date;
  other_properties: unknown;
}

/** One side of subscriptions, with what is on the other side. */
function edgesOf(
  db: Queryable,
  workspace_id: number,
  own: "object_id" | "subscriber_id",
  recipient_id: string,
) {
  const other = own === "object_id" ? "subscriber_id" : "object_id";
  return {
    matching: db.kysely
      .selectFrom("subscription as s")
      .where(`s.${own}`, "=", recipient_id)
      .where("s.workspace_id", "=", workspace_id),
    other,
  } as const;
}

async function readEdges(
  db: Queryable,
  workspace_id: number,
  own: "object_id" | "subscriber_id",
  recipient_id: string,
  cursor: Cursor,
) {
  const { matching, other } = edgesOf(db, workspace_id, own, recipient_id);
  const rows = matching
    .innerJoin("recipient as r", (join) =>
      join.onRef("r.workspace_id", "=", "s.workspace_id").onRef("r.id", "=", `s.${other}`),
    )
    .select([
      "s.id",
      "s.properties",
      "s.created_at",
      "s.updated_at",
      "r.id as other_id",
      "r.object_type",
      "r.distinct_id",
      "r.updated_at as other_updated_at",
      "r.properties as other_properties",
    ]);
  return pageFrom(rows, "s.id", cursor, { count: () => countRows(matching) });
}

/** A page of the subscribers of an object, newest first. */
export async function pageOfSubscribers(
  db: Queryable,
  workspace_id: number,
  object_id: string,
  cursor: Cursor,
): Promise<z.input<typeof subscriptionPage>> {
  const { rows, meta } = await readEdges(db, workspace_id, "object_id", object_id, cursor);
  return { meta, results: await presentSubscriptions(db, workspace_id, rows) };
}

/** A page of the objects that a user or an object subscribes to, newest first. */
export async function pageOfParents(
  db: Queryable,
  workspace_id: number,
  subscriber_id: string,
  cursor: Cursor,
): Promise<z.input<typeof parentPage>> {
  const { rows, meta } = await readEdges(db, workspace_id, "subscriber_id", subscriber_id, cursor);
  const counts = await countSubscribers(
    db,
    workspace_id,
    rows.map(({ other_id }) => other_id),
    MAX_COUNT,
  );
  const results = rows.map((row) => ({
    ...presentEdge(row),
    object: {
      ...presentBrief(otherOf(row), counts.get(row.other_id) ?? 0),
      properties: toMap(row.other_properties),
    },
  }));
  return { meta, results };
}

/** The subscriptions of some of an object's subscribers, in the order of their ids as given. */
export async function readSubscriptions(
  db: Queryable,
  workspace_id: number,
  object_id: string,
  subscriber_ids: readonly string[],
): Promise<SubscriptionView[]> {
  const rows = await db.query<EdgeRow>(
    `select s.id, s.properties, s.created_at, s.updated_at, r.id as other_id, r.object_type, r.distinct_id,
            r.updated_at as other_updated_at, r.properties as other_properties
       from unnest($3::text[]) with ordinality as k(id, place)
       join subscription s on s.workspace_id = $1 and s.object_id = $2 and s.subscriber_id = k.id
       join recipient r on r.workspace_id = $1 and r.id = s.subscriber_id
      order by k.place`,
    [workspace_id, object_id, subscriber_ids],
  );
  return presentSubscriptions(db, workspace_id, rows);
}

async function presentSubscriptions(
  db: Queryable,
  workspace_id: number,
  rows: readonly EdgeRow[],
): Promise<SubscriptionView[]> {
  const objects = rows.flatMap(({ object_type, other_id }) => (object_type === "" ? [] : [other_id]));
  const counts = await countSubscribers(db, workspace_id, objects, MAX_COUNT);
  return rows.map((row) => {
    const isUser = row.object_type === "";
    const user = { distinct_id: row.distinct_id, updated_at: microsOffset(row.other_updated_at) };
    return {
      ...presentEdge(row),
      user: isUser ? user : null,
      object: isUser ? null : presentBrief(otherOf(row), counts.get(row.other_id) ?? 0),
    };
  });
}

function presentEdge({ properties, created_at, updated_at }: EdgeRow) {
  return {
    properties: toMap(properties),
    created_at: microsOffset(created_at),
    updated_at: microsOffset(updated_at),
  };
}

function otherOf({ object_type, distinct_id, other_updated_at }: EdgeRow) {
  return { object_type, distinct_id, updated_at: other_updated_at };
}

function toMap(properties: unknown) {
  return isJsonObject(properties) ? properties : {};
}
