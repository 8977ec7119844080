-- People in relation: subscribers of objects, members of lists, and what a tenant knows of somebody.

-- An edge from an object to a subscriber, who is a user or an object itself. Whether it is an object never changes,
-- so the edge says it too: the few child objects of a large object are found without reading its subscribers.
create table subscription (
  workspace_id int not null,
  object_id text collate "C" not null,
  subscriber_id text collate "C" not null,
  subscriber_is_object boolean not null,
  id text collate "C" not null,
  properties jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (workspace_id, object_id, subscriber_id),
  check (object_id <> subscriber_id),
  foreign key (workspace_id, object_id) references recipient on delete cascade,
  foreign key (workspace_id, subscriber_id) references recipient on delete cascade
);
create index on subscription (workspace_id, subscriber_id, object_id);
create index subscription_child on subscription (workspace_id, object_id, subscriber_id) where subscriber_is_object;

-- What holds for somebody inside one tenant, over the global profile; its identities are those with this tenant_id.
-- The row is the mapping of the two: it is there also when it overrides nothing.
create table tenant_profile (
  workspace_id int not null,
  recipient_id text collate "C" not null,
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  properties jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (workspace_id, recipient_id, tenant_id),
  foreign key (workspace_id, recipient_id) references recipient on delete cascade,
  foreign key (workspace_id, tenant_id) references tenant on delete cascade
);
create index on tenant_profile (workspace_id, tenant_id, recipient_id);
create index identity_of_tenant on identity (workspace_id, tenant_id) where tenant_id <> '';

-- A list counts its members where it changes them.
create table list (
  workspace_id int not null references workspace on delete cascade,
  list_id text collate "C" not null check (list_id ~ '^[a-z0-9_-]{1,64}$'),
  list_name text not null default '',
  list_description text,
  list_type text not null default 'static_list' check (list_type in ('static_list', 'dynamic_list')),
  subscribers_count int not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (workspace_id, list_id)
);
create table list_member (
  workspace_id int not null,
  list_id text collate "C" not null,
  recipient_id text collate "C" not null,
  id text collate "C" not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, list_id, recipient_id),
  foreign key (workspace_id, list_id) references list on delete cascade,
  foreign key (workspace_id, recipient_id) references recipient on delete cascade
);
create index on list_member (workspace_id, recipient_id, list_id);
create index on list_member (workspace_id, list_id, id);

alter table tenant add embedded_preference_url text, add hosted_preference_domain text;
