-- Journeys: runs that wait for events, gather others, call out, and follow a clock of their own.

-- What a run keeps between its walks besides its position: what it waits for, the call it has asked for, the event
-- it was woken by, its payload before a batch.
alter table run add state json, add parent_object text;

-- Leads with the workspace like every key: each workspace is asked for what is due at its own time.
drop index run_wake;
create index run_wake on run (workspace_id, wake_at) where wake_at is not null;

-- A sandbox may have a time of its own: frozen, or so far ahead of the database's clock. While `clock_target` is
-- set the waker steps towards it, from one due time to the next.
alter table workspace
  add clock_offset_ms bigint not null default 0,
  add clock_frozen_at timestamptz,
  add clock_target timestamptz,
  add clock_runs_on boolean not null default false;

-- Runs that wait for something to happen to somebody: `topic` is an event's name in lower case (or `$profile`),
-- `key` whom it must concern. Only what is received after `created_at` counts.
create table waiter (
  workspace_id int not null,
  key text collate "C" not null,
  topic text collate "C" not null,
  run_id text collate "C" not null,
  wait_id text collate "C" not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (workspace_id, key, topic, run_id)
);
create index on waiter (workspace_id, run_id);

-- What happened, for the run that waits for it: taken by the walk that it wakes.
create table signal (
  workspace_id int not null,
  run_id text collate "C" not null,
  id bigint generated always as identity,
  wait_id text collate "C" not null,
  kind text collate "C" not null,
  at timestamptz not null,
  body json not null,
  primary key (workspace_id, run_id, id)
);

-- An open batch or digest. The run that carries it sleeps until `closes_at`; whoever comes meanwhile adds an item and
-- ends. Closing deletes the row, so that the next arrival opens a new one. A batch whose first item was let through
-- has no carrier until the second comes.
create table batch (
  workspace_id int not null,
  identity text collate "C" not null,
  id text collate "C" not null,
  carrier_run_id text collate "C",
  closes_at timestamptz not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, identity),
  unique (workspace_id, id)
);
create table batch_item (
  workspace_id int not null,
  batch_id text collate "C" not null,
  seq bigint generated always as identity,
  run_id text collate "C" not null,
  idempotency_key text not null,
  item json not null,
  primary key (workspace_id, batch_id, seq),
  foreign key (workspace_id, batch_id) references batch (workspace_id, id) on delete cascade
);

-- When runs of a throttled workflow began for a recipient, within its window; `until` is when the row says nothing more.
create table throttle (
  workspace_id int not null,
  workflow_slug text collate "C" not null,
  recipient_key text collate "C" not null,
  starts timestamptz[] not null,
  until timestamptz not null,
  primary key (workspace_id, workflow_slug, recipient_key)
);
create index on throttle (until);

-- A run may trigger another workflow; `depth` ends circles. Pages of a large fan-out are requests too (`fanout`), made
-- by the engine and not shown.
alter table request add parent_run_id text collate "C", add depth smallint;

-- What a webhook node called and what it was answered.
alter table message add webhook_data json;
