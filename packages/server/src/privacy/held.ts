import { type Json, type JsonObject, isJsonObject } from "../core/json.ts";
import { payloadOf } from "../core/request-payload.ts";
import { withoutSecrets } from "../core/secret-addresses.ts";
import { microsOffset } from "../core/time/wire-time.ts";
import type { Queryable } from "../db/db.ts";

/**
 * Everything that is held about a user besides the profile, in sections that are read one after the other, each by the
 * ids of its rows: a page goes on where the one before it ended. Rows are those of the user and of the users that they
 * have taken over.
 */
export interface Holder {
  workspace_id: number;
  recipient_id: string;
  names: string[];
  recipient_ids: string[];
}

export async function findHolder(
  db: Queryable,
  workspace_id: number,
  distinct_id: string,
): Promise<Holder | null> {
  const [holder] = await db.query<Holder>(
    `select r.workspace_id, r.id as recipient_id,
            array(select r.distinct_id union select m.distinct_id from merged_user m
                   where m.workspace_id = r.workspace_id and m.recipient_id = r.id) as names,
            array(select r.id union select unnest(m.former_ids) from merged_user m
                   where m.workspace_id = r.workspace_id and m.recipient_id = r.id) as recipient_ids
       from recipient r where r.workspace_id = $1 and r.object_type = '' and r.distinct_id = $2`,
    [workspace_id, distinct_id],
  );
  return holder ?? null;
}

/** A row of a section, by which the next page begins after it. */
interface Held {
  id: string;
  shown: JsonObject;
}

interface Section {
  /** `$4` is the id to go on after, `$5` the number of rows; the others are the holder's. */
  sql: string;
  show: (row: JsonObject) => JsonObject;
}

const same = (row: JsonObject): JsonObject => row;
const OWN = "distinct_id = any($3) and workspace_id = $1 and recipient_id = any($2)";
/** Every statement has all parameters, though not all need the names. */
const FIRST = "$3::text[] is not null and";

/** Relies on the indexes by recipient, and on request_event. */
const SECTIONS = {
  tenants: {
    sql: `select id, tenant_id, properties, created_at, updated_at,
                 (select coalesce(json_agg(json_build_object('channel', i.channel, 'value', i.value, 'status', i.status,
                                                             'perma_status', i.perma_status)
                                           order by i.channel, i.key), '[]')
                    from identity i where i.workspace_id = t.workspace_id and i.recipient_id = t.recipient_id
                                      and i.tenant_id = t.tenant_id) as identities
            from tenant_profile t
           where ${FIRST} workspace_id = $1 and recipient_id = any($2) and id > $4 order by id limit $5`,
    show: same,
  },
  lists: {
    sql: `select m.id, l.list_id, l.list_name, m.created_at
            from list_member m join list_version v on v.workspace_id = m.workspace_id and v.version_id = m.version_id
            join list l on l.workspace_id = v.workspace_id and l.list_id = v.list_id and v.state = 'live'
           where ${FIRST} m.workspace_id = $1 and m.recipient_id = any($2) and m.id > $4 order by m.id limit $5`,
    show: same,
  },
  subscriptions: {
    sql: `select s.id, o.object_type, o.distinct_id as object_id, s.properties, s.created_at, s.updated_at
            from subscription s join recipient o on o.workspace_id = s.workspace_id and o.id = s.object_id
           where ${FIRST} s.workspace_id = $1 and s.subscriber_id = any($2) and s.id > $4 order by s.id limit $5`,
    show: same,
  },
  inbox: {
    sql: `select id, id as message_id, tenant_id, category, message, tags, created_on as created_at, seen_at, read_at,
                 interacted_at, archived_at, snoozed_until, is_pinned, expiry, collapse_key
            from inbox_item where ${FIRST} workspace_id = $1 and recipient_id = any($2) and id > $4 order by id limit $5`,
    show: same,
  },
  executions: {
    sql: `select r.id, r.id as execution_id, r.request_id, r.workflow_slug, r.tenant_id, r.distinct_id, r.idempotency_key,
                 r.status, r.created_at, r.updated_at, r.inline, r.data, r.steps,
                 q.api_type, q.parent_run_id is not null as is_internal, case when r.data is null then q.body end as body
            from (select * from run where ${OWN} and id > $4 order by id limit $5) r
            left join request q on q.workspace_id = r.workspace_id and q.id = r.request_id order by r.id`,
    show: ({ inline, data, steps, api_type, is_internal, body, ...run }) => ({
      ...run,
      profile: isJsonObject(inline)
        ? { properties: inline.properties ?? {}, identities: inline.identities ?? [] }
        : null,
      data:
        data ??
        payloadOf(textOf(api_type), isJsonObject(body) ? body : null, {
          request_id: textOf(run.request_id) ?? "",
          is_internal: is_internal === true,
        }),
      steps: Array.isArray(steps)
        ? steps.flatMap((step) => (isJsonObject(step) ? [showStep(step)] : []))
        : [],
    }),
  },
  messages: {
    sql: `select m.id, m.id as message_id, m.execution_id, m.workflow_slug, m.category, m.tenant_id, m.distinct_id,
                 m.channel, m.channel_value, m.content, m.webhook_data, m.status, m.failure_reason, m.created_at,
                 m.updated_at, m.triggered_at, m.delivered_at, m.seen_at, m.clicked_at, m.read_at, m.archived_at,
                 (select coalesce(json_agg(json_build_object('at', e.at, 'kind', e.kind, 'detail', e.detail)
                                           order by e.at), '[]')
                    from message_event e where e.workspace_id = m.workspace_id and e.message_id = m.id) as events
            from (select * from message where ${OWN} and id > $4 order by id limit $5) m order by m.id`,
    show: ({ channel_value, ...message }) => ({ ...message, address: withoutSecrets(channel_value ?? null) }),
  },
  events: {
    sql: `select id::text, id as event_id, name as event, tenant_id, created_at, body
            from request
           where $2::text[] is not null and workspace_id = $1 and api_type = 'event' and status <> 'refused'
             and btrim(body ->> 'distinct_id', E' \\t\\n\\r') = any($3)
             and id > coalesce(nullif($4, ''), '00000000-0000-0000-0000-000000000000')::uuid
           order by id limit $5`,
    show: ({ body, ...event }) => ({
      ...event,
      properties: isJsonObject(body) ? (body.properties ?? {}) : {},
    }),
  },
} as const satisfies Record<string, Section>;

export type SectionName = keyof typeof SECTIONS;
export const SECTION_NAMES = Object.keys(SECTIONS) as SectionName[];

const textOf = (value: Json | undefined): string | null => (typeof value === "string" ? value : null);

function showStep({ t, n, s, l, m, p }: JsonObject): JsonObject {
  return {
    at: typeof t === "number" ? new Date(t).toISOString() : null,
    node_ref: n ?? null,
    stage: s ?? null,
    severity: l ?? "info",
    message: m ?? null,
    properties: p ?? {},
  };
}

export interface HeldPage {
  sections: Record<SectionName, JsonObject[]>;
  /** Where the next page goes on; null: this is the last one. */
  next: Place | null;
}

export interface Place {
  section: SectionName;
  after: string;
}

/** In characters of JSON: a page ends before the row that would make it larger. */
const PAGE_UNITS = 4 * 1024 * 1024;
/** Rows that are read at once: messages may be large. */
const PORTION = 25;

/** At most `limit` rows, at least one if there is any. */
export async function readHeld(
  db: Queryable,
  holder: Holder,
  from: Place | null,
  limit: number,
): Promise<HeldPage> {
  const sections = Object.fromEntries(
    SECTION_NAMES.map((name) => [name, []]),
  ) as unknown as HeldPage["sections"];
  const begin = from === null ? 0 : SECTION_NAMES.indexOf(from.section);
  let left = limit;
  let units = 0;
  for (const section of SECTION_NAMES.slice(begin)) {
    let after = section === from?.section ? from.after : "";
    for (;;) {
      // One more than fits, so that the last page knows that it is the last one.
      const wanted = Math.min(PORTION, left + 1);
      const rows = await readSection(db, holder, section, after, wanted);
      for (const { id, shown } of rows) {
        const size = JSON.stringify(shown).length;
        if (left === 0 || (left < limit && units + size > PAGE_UNITS)) {
          return { sections, next: { section, after } };
        }
        sections[section].push(shown);
        left--;
        units += size;
        after = id;
      }
      if (rows.length < wanted) break;
    }
  }
  return { sections, next: null };
}

async function readSection(
  db: Queryable,
  { workspace_id, recipient_ids, names }: Holder,
  section: SectionName,
  after: string,
  limit: number,
): Promise<Held[]> {
  const { sql, show } = SECTIONS[section];
  const rows = await db.query<{ id: string } & Record<string, Json | Date>>(sql, [
    workspace_id,
    recipient_ids,
    names,
    after,
    limit,
  ]);
  return rows.map(({ id, ...row }) => ({ id, shown: show(withTimes(row)) }));
}

/** Columns that are times, as the wire has them. */
function withTimes(row: Record<string, Json | Date>): JsonObject {
  return Object.fromEntries(
    Object.entries(row).map(([key, value]) => [key, value instanceof Date ? microsOffset(value) : value]),
  );
}

export interface HeldPreferences {
  categories: JsonObject[];
  channels: JsonObject[];
  /** Made on the hosted page, oldest first. */
  changes: JsonObject[];
}

/** What the user has chosen, in all tenants: as many rows as there are categories and channels, and the changes. */
export async function readHeldPreferences(
  db: Queryable,
  { workspace_id, recipient_id }: Holder,
): Promise<HeldPreferences> {
  const values = [workspace_id, recipient_id];
  const categories = await db.query<Record<string, Json | Date>>(
    `select tenant_id, category, preference, opt_out_channels, opt_in_channels, digest_schedule, properties, updated_at
       from pref_category where workspace_id = $1 and recipient_id = $2 order by tenant_id, category`,
    values,
  );
  const channels = await db.query<Record<string, Json | Date>>(
    `select tenant_id, channel, true as is_restricted from pref_channel
      where workspace_id = $1 and recipient_id = $2 order by tenant_id, channel`,
    values,
  );
  const changes = await db.query<Record<string, Json | Date>>(
    `select tenant_id, source, via, category, channel, change, message_id, created_at from preference_change
      where workspace_id = $1 and recipient_id = $2 order by id`,
    values,
  );
  return {
    categories: categories.map(withTimes),
    channels: channels.map(withTimes),
    changes: changes.map(withTimes),
  };
}
