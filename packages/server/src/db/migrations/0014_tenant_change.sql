-- Changes of tenants whose waiting runs are still being signalled, page by page; a job of the signal stage refers to each.
create table tenant_change (
  workspace_id int not null,
  id text collate "C" not null,
  tenant_id text not null,
  -- The workspace's time of the change.
  at timestamptz not null,
  -- The last run that was signalled; null before the first page.
  after_run_id text collate "C",
  primary key (workspace_id, id)
);
