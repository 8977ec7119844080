-- How fast a vendor may be called with these settings; null: as fast as it answers.
alter table vendor_config add column rate_per_second float8;
alter table vendor_config add column burst integer;
alter table vendor_config add column daily_cap integer;
-- Until when it has asked not to be called.
alter table vendor_config add column held_until timestamptz;

-- When the next call is due at the rate, and how many the day has had: the row by which all processes agree.
create table vendor_pace (
  workspace_id integer not null,
  vendor_config_id text collate "C" not null,
  next_at timestamptz not null default '-infinity',
  day date not null default '-infinity',
  day_count integer not null default 0,
  primary key (workspace_id, vendor_config_id),
  foreign key (workspace_id, vendor_config_id) references vendor_config (workspace_id, id) on delete cascade
) with (fillfactor = 50);

-- When the last of the messages of a lane that wait for their turn has it.
create table vendor_turn (
  workspace_id integer not null,
  vendor_config_id text collate "C" not null,
  lane smallint not null,
  last_at timestamptz not null,
  primary key (workspace_id, vendor_config_id, lane),
  foreign key (workspace_id, vendor_config_id) references vendor_config (workspace_id, id) on delete cascade
) with (fillfactor = 50);
