-- When a version was committed, in its workspace's time: schedules without a start are counted from here.
alter table workflow_version add version_at timestamptz not null default now();
update workflow_version set version_at = created_at;
