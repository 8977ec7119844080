-- With the expiry an index alone tells how many items there are.
drop index inbox_item_live;
create unique index inbox_item_live on inbox_item (feed_id, is_pinned, created_on) include (expiry)
 where archived_at is null and snoozed_until is null;
drop index inbox_item_put_away;
create unique index inbox_item_put_away on inbox_item (feed_id, is_pinned, created_on) include (expiry)
 where archived_at is not null or snoozed_until is not null;
-- An archive of thousands may hold a few that nobody has read.
create index inbox_item_unread_away on inbox_item (feed_id)
 where read_at is null and (archived_at is not null or snoozed_until is not null);
