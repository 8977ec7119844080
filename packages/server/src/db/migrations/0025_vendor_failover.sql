-- A message that went from one vendor to the next is a row for each of them: those after the first name it.
alter table message add column group_id text collate "C";
alter table message add column fallback_level smallint not null default 0;
create index message_group on message (workspace_id, group_id) where group_id is not null;

-- A vendor that has never reported says nothing by its silence: its reports may not be set up.
alter table vendor_config add column reported_at timestamptz;

-- Accepted messages that go to the next vendor unless their delivery is reported in time.
create table vendor_fallback (
  workspace_id integer not null references workspace (workspace_id) on delete cascade,
  message_id text collate "C" not null,
  due_at timestamptz not null,
  primary key (workspace_id, message_id)
);
create index vendor_fallback_due on vendor_fallback (due_at);
