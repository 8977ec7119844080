import { MAX_OBJECT_TYPE, MAX_RECIPIENT_ID } from "../core/text/recipient-name.ts";
import { findUnsafe, unsafeText } from "../core/json/json-guard.ts";
import type { JsonObject } from "../core/json.ts";
import { bool, insertAll, int, json, rowsOf, text } from "../db/bulk.ts";
import type { Queryable } from "../db/db.ts";
import type { IdSource } from "../ids.ts";
import { lock, resolve, type ResolvedRecipient } from "./read.ts";
import { notFoundText, type RecipientKey, recipientKey } from "./recipient.ts";
import { insertMissing } from "./write.ts";

/**
 * Subscriptions to objects. All functions take the items of a whole chunk and its transaction, and return one outcome
 * for each item, in order; a refused item does not affect the others. Edges are written in key order.
 */
export interface SubscriptionItem {
  object_type: string;
  object_id: string;
  /** Users, or objects, all subscribers of which are then reached through this one. */
  subscribers: RecipientKey[];
}

export interface NewSubscription extends SubscriptionItem {
  /** Whether to create a missing object; subscribers must exist. */
  create_if_missing: boolean;
  /** What becomes of those of an existing edge, the call says. */
  properties: JsonObject;
}

/** `merge`: key by key; `replace`: as a whole. */
export type ExistingEdge = "merge" | "replace";

export type SubscriptionOutcome =
  | {
      ok: true;
      /** The number of edges that are new, changed or removed. */
      changed: number;
      /** Subscribers that do not exist and were left out. */
      missing: RecipientKey[];
    }
  | { ok: false; error: string };

/** Adds edges, or writes `properties` into existing ones. Refuses an edge that would close a cycle of objects. */
export async function addSubscriptions(
  tx: Queryable,
  workspace_id: number,
  items: readonly NewSubscription[],
  ids: IdSource,
  existing: ExistingEdge = "merge",
): Promise<SubscriptionOutcome[]> {
  const errors = items.map((item) => checkItem(item) ?? checkProperties(item.properties));
  const sound = items.filter((_item, index) => errors[index] === null);
  if (sound.length === 0) return errors.map(toRefusal);
  const known = await resolve(tx, workspace_id, sound.flatMap(keysOf));
  const created = sound.filter((item) => item.create_if_missing && !known.has(objectKey(item))).map(toKey);
  if (created.length > 0) {
    await insertMissing(tx, workspace_id, created, ids);
    for (const [key, made] of await resolve(tx, workspace_id, created)) known.set(key, made);
  }
  const graph = await loadGraph(tx, workspace_id, sound, known);
  const edges = new Map<string, NewEdge>();
  const drafts = items.map((item, index) => {
    const error = errors[index] ?? null;
    const object = known.get(objectKey(item));
    if (error !== null) return toRefusal(error);
    if (object === undefined) return toRefusal(notFoundText(toKey(item)));
    const subscribers = item.subscribers.flatMap((key) => known.get(recipientKey(key)) ?? []);
    const circle = subscribers.find(
      (subscriber) => subscriber.object_type !== "" && closesCircle(graph, object.id, subscriber.id),
    );
    if (circle !== undefined) {
      return toRefusal(
        `object '${nameOf(circle)}' must not subscribe to '${nameOf(object)}': it contains it`,
      );
    }
    for (const subscriber of subscribers) {
      if (subscriber.object_type !== "") graph.push(object.id, subscriber.id);
      addEdge(edges, object, subscriber, item.properties);
    }
    return { object, subscribers };
  });
  const written = await upsertEdges(tx, workspace_id, [...edges.values()], ids, existing);
  return drafts.map((draft, index) => settle(draft, items[index], known, written));
}

/** Removes edges. A missing edge is not an error; a missing object is. */
export async function removeSubscriptions(
  tx: Queryable,
  workspace_id: number,
  items: readonly SubscriptionItem[],
): Promise<SubscriptionOutcome[]> {
  const errors = items.map(checkItem);
  const sound = items.filter((_item, index) => errors[index] === null);
  if (sound.length === 0) return errors.map(toRefusal);
  const known = await resolve(tx, workspace_id, sound.flatMap(keysOf));
  const edges = new Map<string, NewEdge>();
  const drafts = items.map((item, index) => {
    const error = errors[index] ?? null;
    const object = known.get(objectKey(item));
    if (error !== null) return toRefusal(error);
    if (object === undefined) return toRefusal(notFoundText(toKey(item)));
    const subscribers = item.subscribers.flatMap((key) => known.get(recipientKey(key)) ?? []);
    for (const subscriber of subscribers) addEdge(edges, object, subscriber, {});
    return { object, subscribers };
  });
  const written = await deleteEdges(tx, workspace_id, [...edges.values()]);
  return drafts.map((draft, index) => settle(draft, items[index], known, written));
}

/** The caller checks the alphabet: objects created through the API may have any name. */
function checkItem({ object_type, object_id, subscribers }: SubscriptionItem): string | null {
  return (
    checkText("object_type", object_type, MAX_OBJECT_TYPE) ??
    checkText("object_id", object_id, MAX_RECIPIENT_ID) ??
    subscribers.map(({ object_type, distinct_id }) => unsafeText(object_type + distinct_id)).find(Boolean) ??
    null
  );
}

function checkText(name: string, text: string, max: number): string | null {
  if (text.trim() === "") return `${name}: must not be empty`;
  if (text.length > max) return `${name}: must be at most ${max} characters`;
  const reason = unsafeText(text);
  return reason === null ? null : `${name}: ${reason}`;
}

/** They come from expressions, and text that the database cannot hold would fail the whole chunk. */
function checkProperties(properties: JsonObject): string | null {
  const unsafe = findUnsafe(properties);
  return unsafe === null ? null : `properties: ${unsafe}`;
}

function toRefusal(error: string | null): { ok: false; error: string } {
  return { ok: false, error: error ?? "" };
}

function toKey({ object_type, object_id }: SubscriptionItem): RecipientKey {
  return { object_type, distinct_id: object_id };
}

const objectKey = (item: SubscriptionItem) => recipientKey(toKey(item));
const keysOf = (item: SubscriptionItem) => [toKey(item), ...item.subscribers];
const nameOf = ({ object_type, distinct_id }: RecipientKey) => `${object_type}/${distinct_id}`;

interface EdgeKey {
  object_id: string;
  subscriber_id: string;
}

interface NewEdge extends EdgeKey {
  subscriber_is_object: boolean;
  properties: JsonObject;
}

/** Ids of recipients contain no space. */
const edgeKey = (object_id: string, subscriber_id: string) => `${object_id} ${subscriber_id}`;

function addEdge(
  edges: Map<string, NewEdge>,
  object: ResolvedRecipient,
  subscriber: ResolvedRecipient,
  properties: JsonObject,
): void {
  const key = edgeKey(object.id, subscriber.id);
  edges.set(key, {
    object_id: object.id,
    subscriber_id: subscriber.id,
    subscriber_is_object: subscriber.object_type !== "",
    properties: { ...edges.get(key)?.properties, ...properties },
  });
}

type Draft = { ok: false; error: string } | { object: ResolvedRecipient; subscribers: ResolvedRecipient[] };

function settle(
  draft: Draft,
  item: SubscriptionItem | undefined,
  known: ReadonlyMap<string, ResolvedRecipient>,
  written: ReadonlySet<string>,
): SubscriptionOutcome {
  if ("ok" in draft) return draft;
  const { object, subscribers } = draft;
  const ids = new Set(subscribers.map(({ id }) => id));
  return {
    ok: true,
    changed: [...ids].filter((id) => written.has(edgeKey(object.id, id))).length,
    missing: (item?.subscribers ?? []).filter((key) => !known.has(recipientKey(key))),
  };
}

/** The objects that contain an object; there are only a few. */
interface Graph {
  parentsOf: (id: string) => readonly string[];
  push: (object_id: string, subscriber_id: string) => void;
}

/**
 * Loads the objects above those that get a child object. They are locked first, so that of two edges that meet in an
 * object the second sees the first; cycles created from several sides at the same instant remain possible, and reading
 * members tolerates them.
 */
async function loadGraph(
  tx: Queryable,
  workspace_id: number,
  items: readonly NewSubscription[],
  known: ReadonlyMap<string, ResolvedRecipient>,
): Promise<Graph> {
  const parents = new Map<string, string[]>();
  const graph: Graph = {
    parentsOf: (id) => parents.get(id) ?? [],
    push: (object_id, subscriber_id) =>
      void parents.set(subscriber_id, [...(parents.get(subscriber_id) ?? []), object_id]),
  };
  const concerned = items.filter(({ subscribers }) =>
    subscribers.some(({ object_type }) => object_type !== ""),
  );
  const involved = new Map(
    concerned
      .flatMap(keysOf)
      .filter(({ object_type }) => object_type !== "")
      .flatMap((key) => known.get(recipientKey(key)) ?? [])
      .map((found) => [found.id, found]),
  );
  if (involved.size === 0) return graph;
  await lock(tx, workspace_id, [...involved.values()]);
  const rows = await tx.query<EdgeKey>(
    `with recursive above as (
       select object_id, subscriber_id from subscription
        where workspace_id = $1 and subscriber_id = any($2) and subscriber_is_object
       union
       select s.object_id, s.subscriber_id from above
         join subscription s on s.workspace_id = $1 and s.subscriber_id = above.object_id)
     select * from above`,
    [workspace_id, [...involved.keys()]],
    "subscriptions_above",
  );
  for (const { object_id, subscriber_id } of rows) graph.push(object_id, subscriber_id);
  return graph;
}

/** Whether the object is the subscriber, or is contained in it. */
function closesCircle(graph: Graph, object_id: string, subscriber_id: string): boolean {
  const seen = new Set<string>();
  const open = [object_id];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (id === subscriber_id) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    open.push(...graph.parentsOf(id));
  }
  return false;
}

/** Returns the keys of edges that are new or changed; the others are not written. */
async function upsertEdges(
  tx: Queryable,
  workspace_id: number,
  edges: NewEdge[],
  ids: IdSource,
  existing: ExistingEdge,
): Promise<Set<string>> {
  if (edges.length === 0) return new Set();
  const properties =
    existing === "merge" ? "subscription.properties || excluded.properties" : "excluded.properties";
  const rows = await insertAll<"subscription", NewEdge, EdgeKey>(
    tx,
    "subscription",
    edges,
    {
      workspace_id: int(() => workspace_id),
      object_id: text((edge) => edge.object_id),
      subscriber_id: text((edge) => edge.subscriber_id),
      subscriber_is_object: bool((edge) => edge.subscriber_is_object),
      id: text(() => ids.ulid()),
      properties: json((edge) => edge.properties),
    },
    `order by object_id collate "C", subscriber_id collate "C"
     on conflict (workspace_id, object_id, subscriber_id) do update
        set properties = ${properties}, updated_at = now()
      where ${properties} <> subscription.properties
     returning object_id, subscriber_id`,
  );
  return new Set(rows.map(({ object_id, subscriber_id }) => edgeKey(object_id, subscriber_id)));
}

async function deleteEdges(tx: Queryable, workspace_id: number, edges: NewEdge[]): Promise<Set<string>> {
  if (edges.length === 0) return new Set();
  const { from, values, next } = rowsOf("k", edges, {
    object_id: text((edge) => edge.object_id),
    subscriber_id: text((edge) => edge.subscriber_id),
  });
  const rows = await tx.query<EdgeKey>(
    `with gone as (
       select s.object_id, s.subscriber_id
         from ${from}
         join subscription s on s.object_id = k.object_id and s.subscriber_id = k.subscriber_id
        where s.workspace_id = $${next}
        order by s.object_id, s.subscriber_id for update of s)
     delete from subscription s using gone
      where s.workspace_id = $${next} and s.object_id = gone.object_id and s.subscriber_id = gone.subscriber_id
     returning s.object_id, s.subscriber_id`,
    [...values, workspace_id],
    "subscriptions_delete",
  );
  return new Set(rows.map(({ object_id, subscriber_id }) => edgeKey(object_id, subscriber_id)));
}
