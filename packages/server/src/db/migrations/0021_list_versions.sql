-- Members belong to a version of a list: a list whose members are replaced as a whole changes one row, and what the old
-- version held is removed later, a part at a time. Versions outlive their list for the same reason.
create table list_version (
  workspace_id int not null references workspace on delete cascade,
  version_id text collate "C" not null,
  list_id text collate "C" not null,
  state text not null check (state in ('live', 'draft', 'retired')),
  subscribers_count int not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (workspace_id, version_id)
);
create index list_version_draft on list_version (list_id, workspace_id, version_id) where state = 'draft';
create index list_version_retired on list_version (version_id) where state = 'retired';

alter table list add version_id text collate "C",
  add track_user_entry boolean not null default false,
  add track_user_exit boolean not null default false;
update list set version_id = upper(left(md5(random()::text || list_id || workspace_id), 26));
insert into list_version (workspace_id, version_id, list_id, state, subscribers_count, created_at, updated_at)
  select workspace_id, version_id, list_id, 'live', subscribers_count, created_at, updated_at from list;
alter table list alter version_id set not null, drop subscribers_count;

alter table list_member add version_id text collate "C";
update list_member m set version_id = l.version_id from list l
 where l.workspace_id = m.workspace_id and l.list_id = m.list_id;
-- With the column go the key and the indexes that it is part of.
alter table list_member drop list_id, alter version_id set not null;
alter table list_member add primary key (workspace_id, version_id, recipient_id),
  add foreign key (workspace_id, version_id) references list_version on delete cascade;
create index list_member_newest on list_member (version_id, workspace_id, id);
create index list_member_of_user on list_member (recipient_id, workspace_id, id);
