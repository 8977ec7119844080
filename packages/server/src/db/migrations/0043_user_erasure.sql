-- A user who was deleted, and what has been erased of them so far: the row went with the DELETE, the logs follow in pages.
create table user_erasure (
  workspace_id int not null references workspace (workspace_id) on delete cascade,
  id text collate "C" not null,
  distinct_id text collate "C" not null,
  -- Theirs, and those of the users whom they had taken over.
  names text[] not null,
  recipient_ids text[] not null,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  -- What is being erased, and after which row to go on.
  stage text not null,
  after_id text collate "C" not null default '',
  erased jsonb not null default '{}',
  primary key (workspace_id, id)
);
create index user_erasure_open on user_erasure (created_at) where finished_at is null;

-- What had ended when a user was merged still has their own row's id.
alter table merged_user add column former_ids text[] not null default '{}';

-- Runs whose actor is merged or erased.
create index run_actor on run ((actor ->> 'recipient_id'), workspace_id, id) where (actor ->> 'recipient_id') is not null;
-- Requests that some recipient got no run of: no run leads to them.
create index request_with_problems on request (workspace_id, id) where status <> 'accepted';
