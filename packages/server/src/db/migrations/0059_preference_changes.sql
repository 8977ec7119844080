-- What people changed on their preference page, or by the unsubscribe button of a mail program: the trend of opt-outs.
create table preference_change (
  workspace_id int not null references workspace (workspace_id) on delete cascade,
  id text collate "C" not null,
  recipient_id text collate "C" not null,
  tenant_id text collate "C" not null,
  source text not null,
  -- `page` or `one_click`.
  via text not null,
  -- Null: every category.
  category text collate "C",
  -- Null: every channel of the category.
  channel text,
  change text not null check (change in ('opt_in', 'opt_out', 'frequency')),
  -- The message whose link was used; null: a link that came with none.
  message_id text collate "C",
  created_at timestamptz not null default now(),
  primary key (workspace_id, id),
  foreign key (workspace_id, recipient_id) references recipient on delete cascade
);
create index preference_change_recipient on preference_change (workspace_id, recipient_id);
create index preference_change_time on preference_change (created_at);

-- When a person last asked for a new link in place of one that had expired.
create table preference_link_request (
  workspace_id int not null,
  recipient_id text collate "C" not null,
  requested_at timestamptz not null default now(),
  primary key (workspace_id, recipient_id),
  foreign key (workspace_id, recipient_id) references recipient on delete cascade
);
