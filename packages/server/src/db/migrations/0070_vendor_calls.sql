-- What calls of vendors came to and how long they took, by the minute: every process adds what it has counted.
create table vendor_call_count (
  workspace_id integer not null,
  vendor_config_id text collate "C" not null,
  minute timestamptz not null,
  -- `sent`, `ambiguous`, or the class of the failure.
  outcome text collate "C" not null,
  -- Of the time that the call took: four steps double it, and step 0 ends at 1 ms.
  latency_step smallint not null,
  calls integer not null,
  primary key (workspace_id, vendor_config_id, minute, outcome, latency_step),
  foreign key (workspace_id, vendor_config_id) references vendor_config (workspace_id, id) on delete cascade
) with (fillfactor = 70);
create index vendor_call_count_minute on vendor_call_count (minute);
