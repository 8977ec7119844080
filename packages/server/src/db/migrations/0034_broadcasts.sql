-- Who was in a list at one moment, for what reads it page by page afterwards: whoever came later has a greater id than
-- until_id, and whoever left since is kept as a leaver. Without a version it is a snapshot of all users.
create table list_snapshot (
  workspace_id int not null references workspace on delete cascade,
  id text collate "C" not null,
  version_id text collate "C",
  until_id text collate "C" not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, id)
);
create index list_snapshot_version on list_snapshot (version_id, workspace_id);

create table list_leaver (
  workspace_id int not null,
  snapshot_id text collate "C" not null,
  id text collate "C" not null,
  recipient_id text collate "C" not null,
  primary key (workspace_id, snapshot_id, id),
  foreign key (workspace_id, snapshot_id) references list_snapshot (workspace_id, id) on delete cascade,
  foreign key (workspace_id, recipient_id) references recipient (workspace_id, id) on delete cascade
);
create index list_leaver_recipient on list_leaver (recipient_id, workspace_id);

-- A template for everybody in a list. It is one row, however long the list is, and moves on page by page.
create table broadcast (
  workspace_id int not null references workspace on delete cascade,
  id text collate "C" not null,
  request_id uuid not null,
  lane smallint not null,
  list_id text collate "C" not null,
  template_slug text not null,
  category text not null,
  tenant_id text collate "C" not null,
  idempotency_key text not null,
  status text not null
    check (status in ('scheduled', 'in_progress', 'completed', 'partial_failure', 'failed', 'cancelled')),
  -- In the workspace's time. wake_at is the same until the waker has moved it to its queue.
  starts_at timestamptz not null,
  wake_at timestamptz,
  version_id text collate "C",
  snapshot_id text collate "C",
  after_id text collate "C" not null default '',
  page_size smallint not null default 100,
  recipients int,
  triggered int not null default 0,
  skipped int not null default 0,
  failed int not null default 0,
  reasons json not null default '{}',
  errors json,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  begun_at timestamptz,
  ended_at timestamptz,
  primary key (workspace_id, id)
);
create index broadcast_wake on broadcast (workspace_id, wake_at) where wake_at is not null;
create index broadcast_live on broadcast (workspace_id, list_id) where status in ('scheduled', 'in_progress');
create index broadcast_request on broadcast (request_id, workspace_id);
create index broadcast_key on broadcast (idempotency_key, workspace_id);

-- The broadcast that a message is part of.
alter table message add column broadcast_id text collate "C";
create index message_broadcast on message (broadcast_id, workspace_id, id) where broadcast_id is not null;
