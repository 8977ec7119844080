-- Preferences: the categories of a workspace, what a tenant makes of them, and what recipients choose.

-- The document in which categories are edited: at most one draft, the one that is in effect, and those before it.
create table category_doc (
  workspace_id int not null references workspace on delete cascade,
  version_no int not null,
  status text not null check (status in ('draft', 'active', 'retired')),
  root_categories json not null,
  hash text not null,
  commit_message text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  committed_at timestamptz,
  primary key (workspace_id, version_no)
);
create unique index category_doc_current on category_doc (workspace_id, status) where status in ('draft', 'active');

-- The categories of the document in effect, one row each, so that one can be looked up without reading all.
create table category (
  workspace_id int not null references workspace on delete cascade,
  slug text collate "C" not null,
  position int not null,
  root_category text not null check (root_category in ('system', 'transactional', 'promotional')),
  section text,
  name text not null,
  description text,
  tags text[],
  effective_tags text[] not null,
  default_preference text not null check (default_preference in ('opt_in', 'opt_out', 'cant_unsubscribe')),
  default_mandatory_channels text[],
  default_opt_in_channels text[],
  digest_schedule json,
  properties json,
  primary key (workspace_id, slug)
);

-- What outlives a category, here and below, waits for it to come back: a document without it may be a mistake.
create table tenant_category (
  workspace_id int not null,
  tenant_id text collate "C" not null,
  category text collate "C" not null,
  enabled_for_tenant boolean not null default true,
  visible_to_subscriber boolean not null default true,
  blocked_channels text[],
  preference text check (preference in ('opt_in', 'opt_out', 'cant_unsubscribe')),
  mandatory_channels text[],
  opt_in_channels text[],
  digest_schedule json,
  properties json,
  updated_at timestamptz not null default now(),
  primary key (workspace_id, tenant_id, category),
  foreign key (workspace_id, tenant_id) references tenant on delete cascade
);

-- The recipient leads the key: whoever has no preferences costs one descent of the index. Choices hold in one tenant.
create table pref_category (
  workspace_id int not null,
  recipient_id text collate "C" not null,
  tenant_id text collate "C" not null,
  category text collate "C" not null,
  preference text not null check (preference in ('opt_in', 'opt_out')),
  opt_out_channels text[],
  opt_in_channels text[],
  digest_schedule json,
  properties json,
  updated_at timestamptz not null default now(),
  primary key (workspace_id, recipient_id, tenant_id, category),
  foreign key (workspace_id, recipient_id) references recipient on delete cascade
);

-- A row is a channel that its recipient opted out of globally. Its key is all of it, so the index alone answers.
create table pref_channel (
  workspace_id int not null,
  recipient_id text collate "C" not null,
  tenant_id text collate "C" not null,
  channel text collate "C" not null,
  primary key (workspace_id, recipient_id, tenant_id, channel),
  foreign key (workspace_id, recipient_id) references recipient on delete cascade
);

-- For the deletion of a tenant. The default one cannot be deleted, so an installation without tenants pays nothing.
create index pref_category_tenant on pref_category (workspace_id, tenant_id) where tenant_id <> 'default';
create index pref_channel_tenant on pref_channel (workspace_id, tenant_id) where tenant_id <> 'default';
