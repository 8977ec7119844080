-- Which users a user has taken over: what is under way for one of them bears that one's name.
create table merged_user (
  workspace_id int not null,
  recipient_id text collate "C" not null,
  distinct_id text collate "C" not null,
  primary key (workspace_id, recipient_id, distinct_id),
  foreign key (workspace_id, recipient_id) references recipient (workspace_id, id) on delete cascade
);
