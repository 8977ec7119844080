-- Smart routing: a node's messages go out one after the other until one of them has achieved what they are for.

-- `smart_step` is null for messages of other nodes, 0 for those sent beside the sequence, and counts from 1 inside it.
alter table message
  add smart_step smallint,
  add success_metric text,
  add success_is_event boolean not null default false,
  add success_achieved_at timestamptz,
  add wait_time_in_seconds int;

-- The turns that are still to come, one for each message `to_be_triggered`; `due_at` is in the workspace's time. Of one
-- node only the lowest step can be due; `gap_ms` lies between two of its steps. `is_stored`: the address was part of
-- the recipient's profile, and must still be.
create table smart_step (
  workspace_id int not null,
  message_id text collate "C" not null,
  execution_id text collate "C" not null,
  node_ref text not null,
  step smallint not null,
  begun_at timestamptz not null,
  due_at timestamptz not null,
  gap_ms bigint not null,
  is_stored boolean not null,
  primary key (workspace_id, message_id)
);
create index smart_step_due on smart_step (workspace_id, due_at);
create index smart_step_of_node on smart_step (workspace_id, execution_id, node_ref, step);

-- Events that end a routing: `topic` is the event's name in lower case, `key` whose event it must be. Only what is
-- received after `created_at` and before `until` (in the workspace's time) counts.
create table smart_goal (
  workspace_id int not null,
  key text collate "C" not null,
  topic text collate "C" not null,
  execution_id text collate "C" not null,
  node_ref text not null,
  created_at timestamptz not null default clock_timestamp(),
  until timestamptz not null,
  primary key (workspace_id, key, topic, execution_id, node_ref)
);
create index on smart_goal (workspace_id, execution_id);
create index on smart_goal (workspace_id, until);
