-- A draft that took its list's place, while who entered or left by that is still told, page by page: as both versions
-- were at that moment.
create table list_swap (
  workspace_id int not null references workspace on delete cascade,
  id text collate "C" not null,
  before_snapshot text collate "C" not null,
  after_snapshot text collate "C" not null,
  -- By the way that users went: the event of each, and its lane. Null for a way that nobody asks about.
  events json not null,
  way text not null check (way in ('entry', 'exit')),
  after_id text collate "C" not null default '',
  primary key (workspace_id, id)
);
