import { storableJson } from "../core/text/text.ts";
import type { JsonObject } from "../core/json.ts";
import type { Queryable } from "../db/db.ts";
import type { RecipientKey } from "./recipient.ts";

/**
 * The recipients reached through an object: its direct subscribers, then the subscribers of the child objects among
 * them, each person once. Read in pages whose cost is bounded by their size, however many subscribers there are and
 * however many of them were seen before: a page counts the rows it reads, so it may hold fewer members than `limit`,
 * even none, and only `next` shows whether there are more.
 */
export interface FanOutSource {
  /** An object. */
  recipient_id: string;
  /**
   * 0: the object alone, so no members. 1: its subscribers, including child objects. 2: the subscribers of those too.
   */
  depth: 0 | 1 | 2;
}

export interface FanOutAsk extends FanOutSource {
  /** Where the last page ended. */
  after?: FanOutCursor | null;
  /** Objects that precede this one in the request: recipients reached through them are left out here. */
  earlier?: readonly FanOutSource[];
  /** Ids of recipients that the request itself names, including this object and the earlier ones. */
  skip?: readonly string[];
}

/** Plain data, stored in a job. */
export interface FanOutCursor {
  parent_id: string;
  subscriber_id: string;
}

export interface Member extends RecipientKey {
  recipient_id: string;
  /** The object they subscribe to: the requested one or a child of it. */
  parent: RecipientKey & { recipient_id: string };
  /** The properties of that subscription: the first one by which they are reached. */
  properties: JsonObject;
}

export interface FanOutPage {
  members: Member[];
  next: FanOutCursor | null;
}

interface Row extends RecipientKey {
  ask: number;
  parent_id: string;
  parent_type: string;
  parent_distinct_id: string;
  last_id: string | null;
  room: number;
  recipient_id: string | null;
  properties: JsonObject;
}

/**
 * One page for each ask, in order, each reading at most `limit` subscriptions.
 *
 * The statement goes from parent to parent (`walk`), first the object, then its children in the order of their ids, and
 * takes from each as many as there is still room for; so it stops whatever the planner assumes. A join of children and
 * their subscribers in the order of both would be shorter, but reads and sorts all of it for each page as soon as the
 * planner prefers a hash. Whether a person was reached before is looked up in reverse, through the few objects that the
 * person subscribes to.
 */
export async function fanOut(
  db: Queryable,
  workspace_id: number,
  asks: readonly FanOutAsk[],
  limit: number,
): Promise<FanOutPage[]> {
  const pages = asks.map((): FanOutPage => ({ members: [], next: null }));
  if (asks.every(({ depth }) => depth === 0)) return pages;
  const rows = await db.query<Row>(
    STATEMENT,
    [workspace_id, storableJson(asks.map(toRow)), limit],
    "fan_out",
  );
  for (const row of rows) {
    const page = pages[row.ask];
    if (page === undefined) continue;
    const { parent_id, last_id, recipient_id, object_type, distinct_id, properties } = row;
    // Rows come in the order of the walk: the last one shows where it ended, and whether for lack of room.
    page.next = row.room > 0 ? null : { parent_id, subscriber_id: last_id ?? "" };
    if (recipient_id === null) continue;
    const parent = {
      recipient_id: parent_id,
      object_type: row.parent_type,
      distinct_id: row.parent_distinct_id,
    };
    page.members.push({ recipient_id, object_type, distinct_id, parent, properties });
  }
  return pages;
}

function toRow({ recipient_id, depth, after, earlier = [], skip = [] }: FanOutAsk, ask: number): JsonObject {
  return {
    ask,
    object_id: recipient_id,
    depth,
    parent_id: after?.parent_id ?? recipient_id,
    subscriber_id: after?.subscriber_id ?? "",
    skip: [recipient_id, ...skip],
    flat: earlier.flatMap((source) => (source.depth > 0 ? [source.recipient_id] : [])),
    deep: earlier.flatMap((source) => (source.depth === 2 ? [source.recipient_id] : [])),
  };
}

/** The subscribers of a parent after a given one. */
const take = (parent: string, after: string, room: string) => `array(
    select s.subscriber_id from subscription s
     where s.workspace_id = $1 and s.object_id = ${parent} and s.subscriber_id > ${after}
     order by s.subscriber_id limit ${room})`;

// A child takes up room for at least one, so that ten thousand empty ones do not make a page of ten thousand steps. The
// first child of a page does not: otherwise the next page would begin, and end, at the same empty child. A child that
// left the object since the last page takes its subscribers with it.
const STATEMENT = `
with recursive ask as (
  select ask, depth, object_id collate "C" as object_id, parent_id collate "C" as parent_id,
         subscriber_id collate "C" as subscriber_id, skip, flat, deep
    from jsonb_to_recordset($2::jsonb) as a(ask int, object_id text, depth int, parent_id text, subscriber_id text,
                                            skip text[], flat text[], deep text[])
   where depth > 0
), walk as (
  select a.ask, 1 as step, a.parent_id, taken.ids, $3::int - cardinality(taken.ids) as room
    from ask a
   cross join lateral (
     select case when a.parent_id = a.object_id or exists (
                        select 1 from subscription c
                         where c.workspace_id = $1 and c.object_id = a.object_id and c.subscriber_id = a.parent_id)
                 then ${take("a.parent_id", "a.subscriber_id", "$3::int")} else '{}' end as ids) as taken
  union all
  select w.ask, w.step + 1, child.id, taken.ids, w.room - greatest(cardinality(taken.ids), 1)
    from walk w
    join ask a on a.ask = w.ask
   cross join lateral (
     select c.subscriber_id as id from subscription c
      where c.workspace_id = $1 and c.object_id = a.object_id and c.subscriber_is_object
        and c.subscriber_id > case when w.parent_id = a.object_id then '' else w.parent_id end
      order by c.subscriber_id limit 1) as child
   cross join lateral (select ${take("child.id", "''", "w.room")} as ids) as taken
   where w.room > 0 and a.depth = 2
)
select w.ask, w.parent_id, w.ids[cardinality(w.ids)] as last_id, w.room, p.object_type as parent_type,
       p.distinct_id as parent_distinct_id, m.recipient_id, m.object_type, m.distinct_id, m.properties
  from walk w
  join ask a on a.ask = w.ask
  join recipient p on p.workspace_id = $1 and p.id = w.parent_id
  left join lateral (
    select s.subscriber_id as recipient_id, r.object_type, r.distinct_id, s.properties
      from unnest(w.ids) as taken(id)
      join subscription s on s.workspace_id = $1 and s.object_id = w.parent_id and s.subscriber_id = taken.id
      join recipient r on r.workspace_id = $1 and r.id = s.subscriber_id
     where s.subscriber_id <> all (a.skip)
       and not exists (
         select 1 from subscription e
          where e.workspace_id = $1 and e.subscriber_id = s.subscriber_id
            and (e.object_id = any (a.flat)
              or (w.parent_id <> a.object_id and e.object_id = a.object_id)
              or (w.parent_id <> a.object_id and e.object_id < w.parent_id and exists (
                    select 1 from subscription c
                     where c.workspace_id = $1 and c.object_id = a.object_id and c.subscriber_id = e.object_id))
              or exists (
                    select 1 from subscription c
                     where c.workspace_id = $1 and c.object_id = any (a.deep) and c.subscriber_id = e.object_id)))
  ) as m on true
 order by w.ask, w.step, m.recipient_id`;
