-- A feed is the inbox of one recipient in one tenant. Its row is locked by everything that changes an item of it: `seq` is
-- that of the last change, and `last_on` the newest time that an item has. A new feed begins with the milliseconds of its
-- making, so that one which is made again never repeats a number of the one before.
create table inbox_feed (
  workspace_id integer not null,
  recipient_id text collate "C" not null,
  tenant_id text collate "C" not null,
  -- Short, for the indexes of the items.
  feed_id bigint not null generated always as identity,
  seq bigint not null,
  -- Changes up to this one cannot be told any more: items that had them are gone.
  forgotten_seq bigint not null,
  last_on timestamptz(3) not null,
  -- The badge counts the items that are newer.
  opened_on timestamptz(3) not null default '-infinity',
  primary key (workspace_id, recipient_id, tenant_id)
) with (fillfactor = 60);

create function pg_temp.expiry_of(message json, stored_at timestamptz) returns timestamptz language plpgsql as $$
declare
  value text := btrim(message -> 'expiry' ->> 'value');
begin
  if message ->> 'is_expiry_enabled' is distinct from 'true' or value = '' then return null; end if;
  if value ~ '^\d{1,12}$' then return stored_at + value::float8 * interval '1 second'; end if;
  if value ~ '^(\d{1,9}[dhms]\s*)+$' then return stored_at + value::interval; end if;
  -- An instant without a zone is one of UTC.
  return (case when value ~* '(z|[+-]\d\d:?\d\d)$' then value else value || 'Z' end)::timestamptz;
exception when others then
  return null;
end $$;

alter table inbox_item
  add column feed_id bigint,
  add column seq bigint,
  -- That of its delivery, or of its return from a snooze.
  add column new_seq bigint,
  -- The order of the feed: no two items of it have the same. Wire clients know milliseconds.
  add column created_on timestamptz(3),
  add column is_pinned boolean not null default false,
  add column can_user_unpin boolean not null default true,
  add column expiry timestamptz(3),
  add column is_expiry_visible boolean not null default false,
  add column snoozed_until timestamptz(3),
  add column collapse_key text;

insert into inbox_feed (workspace_id, recipient_id, tenant_id, seq, forgotten_seq, last_on)
select workspace_id, recipient_id, tenant_id, 0, 0, 'epoch' from inbox_item group by workspace_id, recipient_id, tenant_id;

-- An item that would have the time of the one before it is a millisecond later.
with numbered as (
  select workspace_id, recipient_id, tenant_id, id, created_at,
         row_number() over feed as n, date_trunc('milliseconds', created_at) as ms
    from inbox_item window feed as (partition by workspace_id, recipient_id, tenant_id order by created_at, id)),
placed as (
  select *, max(ms - n * interval '1 millisecond') over (
              partition by workspace_id, recipient_id, tenant_id order by n) + n * interval '1 millisecond' as created_on
    from numbered)
update inbox_item i
   set feed_id = f.feed_id, seq = p.n, new_seq = p.n, created_on = p.created_on,
       is_pinned = i.message ->> 'is_pinned' is not distinct from 'true' and i.read_at is null and i.archived_at is null,
       expiry = pg_temp.expiry_of(i.message, p.created_on),
       is_expiry_visible = i.message -> 'expiry' ->> 'is_expiry_visible' is not distinct from 'true'
  from placed p
  join inbox_feed f on f.workspace_id = p.workspace_id and f.recipient_id = p.recipient_id and f.tenant_id = p.tenant_id
 where i.workspace_id = p.workspace_id and i.recipient_id = p.recipient_id and i.id = p.id;

update inbox_feed f set seq = i.seq, last_on = i.created_on
  from (select feed_id, max(seq) as seq, max(created_on) as created_on from inbox_item group by feed_id) i
 where i.feed_id = f.feed_id;

alter table inbox_item
  alter column feed_id set not null,
  alter column seq set not null,
  alter column new_seq set not null,
  alter column created_on set not null,
  drop column created_at;

-- An item is live unless it was archived or is snoozed.
create unique index inbox_item_live on inbox_item (feed_id, is_pinned, created_on)
 where archived_at is null and snoozed_until is null;
create unique index inbox_item_put_away on inbox_item (feed_id, is_pinned, created_on)
 where archived_at is not null or snoozed_until is not null;
create index inbox_item_unread on inbox_item (feed_id)
 where read_at is null and archived_at is null and snoozed_until is null;
create unique index inbox_item_changes on inbox_item (feed_id, seq);
create index inbox_item_snoozed on inbox_item (snoozed_until) where snoozed_until is not null;
create index inbox_item_expiry on inbox_item (expiry) where expiry is not null and archived_at is null;
-- Items come in about the order of their times: housekeeping finds the old ones by it, at next to no cost.
create index inbox_item_age on inbox_item using brin (created_on) with (pages_per_range = 32, autosummarize = on);
