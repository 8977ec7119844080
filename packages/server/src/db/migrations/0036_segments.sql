-- Lists whose members a query finds: the query, and when the list is made to agree with it again. A refresh that is due
-- has no refresh_at: it is queued.
create table list_query (
  workspace_id int not null,
  list_id text collate "C" not null,
  version_id text collate "C" not null,
  version_no int not null default 1,
  query_text text not null,
  is_enabled boolean not null default true,
  refresh_at timestamptz,
  refreshed_at timestamptz,
  -- Why the last refresh failed; null if it did not.
  error text,
  updated_at timestamptz not null default now(),
  primary key (workspace_id, list_id),
  foreign key (workspace_id, list_id) references list (workspace_id, list_id) on delete cascade
);
create index list_query_due on list_query (refresh_at) where refresh_at is not null;
