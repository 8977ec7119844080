import { CHANNEL_TRAITS, CHANNELS } from "../core/channel.ts";
import { sqlNames } from "../db/bulk.ts";

/** The tables that the query of a list sees, and their fields (data-and-preferences §11.9). */
export const FIELDS_OF = {
  users: [
    "distinct_id",
    "created_at",
    "updated_at",
    "language",
    "locale",
    "timezone",
    "user_properties",
    "active_channels",
    "active_emails",
    "active_phone_numbers",
  ],
  events: [
    "distinct_id",
    "event_name",
    "requested_at",
    "status",
    "properties",
    "payload",
    "response",
    "tenant_id",
  ],
} as const;

export type VirtualTable = keyof typeof FIELDS_OF;

/** Channels whose addresses are those of mail, with an `@`, or numbers. */
const OF_PEOPLE = sqlNames(CHANNELS.filter((channel) => CHANNEL_TRAITS[channel].names_people));

const addresses = (what: string, condition: string) => `array(
    select distinct ${what} from identity i
     where i.workspace_id = r.workspace_id and i.recipient_id = r.id and i.tenant_id = '' and i.status = 'active'
       and i.perma_status = 'active' ${condition} order by 1)`;

/**
 * A statement about the result of a checked query, `q`, in which the tables are those of the workspace `$1`. They are
 * inlined: what a query does not name of them is not computed. The text stands between line breaks, so that a comment at
 * its end does not reach what follows.
 */
export function over(query: string, statement: (source: string) => string): string {
  return `with users as not materialized (
    select r.distinct_id, r.created_at, r.updated_at, r.properties ->> '$preferred_language' as language,
           r.properties ->> '$locale' as locale, r.properties ->> '$timezone' as timezone,
           r.properties as user_properties, ${addresses("i.channel", "")} as active_channels,
           ${addresses("i.key", `and i.channel in (${OF_PEOPLE}) and strpos(i.key, '@') > 0`)} as active_emails,
           ${addresses("i.key", `and i.channel in (${OF_PEOPLE}) and strpos(i.key, '@') = 0`)} as active_phone_numbers
      from recipient r where r.workspace_id = $1 and r.object_type = ''),
  events as not materialized (
    select btrim(e.body ->> 'distinct_id') as distinct_id, upper(e.name) as event_name, e.created_at as requested_at,
           case e.status when 'failure' then 'failure' else 'success' end as status,
           coalesce((e.body -> 'properties')::jsonb, '{}') as properties, e.body::jsonb as payload,
           jsonb_build_object('status', 'success', 'message_id', e.id) as response,
           coalesce(e.tenant_id, 'default') as tenant_id
      from request e where e.workspace_id = $1 and e.api_type = 'event' and e.status <> 'refused')
  ${statement(`(\n${query}\n) q`)}`;
}
