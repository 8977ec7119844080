-- The foundation: workspaces and credentials, recipients, workflows and templates, vendors, and the pipeline
-- from request to message. Every owned table leads with workspace_id.
--
-- Opaque documents that only our code reads are `json` (kept as written, cheap to insert); what SQL merges or
-- searches is `jsonb`. Ids are time-ordered text or uuid in collation "C", so partitions are ranges of ids.

create table workspace (
  workspace_id int generated always as identity primary key,
  uid text collate "C" not null unique,
  slug text collate "C" not null unique check (slug ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
  name text not null,
  description text,
  mode text not null check (mode in ('sandbox', 'production')),
  inbox_secret bytea not null,
  timezone text not null default 'UTC',
  config jsonb not null default '{}',
  created_at timestamptz not null default now()
);

create table ws_key (
  ws_key text collate "C" primary key,
  workspace_id int not null references workspace on delete cascade,
  secret bytea not null,
  is_active boolean not null default true,
  created_at timestamptz not null default now()
);
create index on ws_key (workspace_id);

create table api_key (
  workspace_id int not null references workspace on delete cascade,
  id text collate "C" not null,
  name text not null,
  hash bytea not null unique,
  masked text not null,
  created_at timestamptz not null default now(),
  deleted_at timestamptz,
  primary key (workspace_id, id)
);

create table service_token (
  id text collate "C" primary key,
  name text not null,
  hash bytea not null unique,
  masked text not null,
  created_at timestamptz not null default now(),
  deleted_at timestamptz
);

create table tenant (
  workspace_id int not null references workspace on delete cascade,
  tenant_id text collate "C" not null,
  tenant_name text not null default '',
  logo text,
  primary_color text,
  secondary_color text,
  tertiary_color text,
  timezone text,
  social_links jsonb not null default '{}',
  properties jsonb not null default '{}',
  blocked_channels text[],
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (workspace_id, tenant_id)
);

-- Users and objects in one table: a user has object_type ''.
create table recipient (
  workspace_id int not null references workspace on delete cascade,
  id text collate "C" not null,
  object_type text collate "C" not null default '',
  distinct_id text collate "C" not null,
  properties jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, object_type, distinct_id)
);
create index on recipient (workspace_id, object_type, id);

-- tenant_id '' is the global profile.
create table identity (
  workspace_id int not null,
  recipient_id text collate "C" not null,
  tenant_id text collate "C" not null default '',
  channel text collate "C" not null,
  provider text collate "C" not null default '',
  key text collate "C" not null,
  value jsonb not null,
  device_id text,
  bundle_id text,
  status text not null default 'active' check (status in ('active', 'inactive')),
  perma_status text not null default 'active' check (perma_status in ('active', 'disabled')),
  perma_until timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (workspace_id, recipient_id, tenant_id, channel, key),
  foreign key (workspace_id, recipient_id) references recipient on delete cascade
);
-- A push token belongs to one person: the last one who appended it.
create index identity_push_token on identity (workspace_id, channel, provider, key)
  where channel in ('androidpush', 'iospush', 'webpush') and status = 'active';

create table workflow (
  workspace_id int not null references workspace on delete cascade,
  slug text collate "C" not null,
  draft json not null,
  trigger_type text not null default 'api',
  is_enabled boolean not null default true,
  live_version_id text collate "C",
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  active_at timestamptz,
  last_executed_at timestamptz,
  updated_by json,
  deleted_at timestamptz,
  primary key (workspace_id, slug)
);

create table workflow_version (
  workspace_id int not null references workspace on delete cascade,
  id text collate "C" not null,
  slug text collate "C" not null,
  version_no int not null,
  definition json not null,
  hash text not null,
  commit_message text,
  created_at timestamptz not null default now(),
  created_by json,
  primary key (workspace_id, id),
  unique (workspace_id, slug, version_no)
);

-- Which live workflows an event concerns, and how. Event names match without case.
create table workflow_event (
  workspace_id int not null,
  event_name text collate "C" not null,
  usage text not null check (usage in ('Trigger Event', 'Wait Event', 'Success Metric Event')),
  slug text collate "C" not null,
  primary key (workspace_id, event_name, usage, slug),
  foreign key (workspace_id, slug) references workflow on delete cascade
);

create table template (
  workspace_id int not null references workspace on delete cascade,
  slug text collate "C" not null,
  name text not null,
  description text,
  tags text[] not null default '{}',
  enabled_channels text[] not null default '{}',
  live_version_no int,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  active_at timestamptz,
  last_triggered_at timestamptz,
  updated_by json,
  primary key (workspace_id, slug)
);

-- The draft variants of a template; a committed version is a snapshot of them.
create table template_variant (
  workspace_id int not null,
  template_slug text collate "C" not null,
  channel text collate "C" not null,
  id text collate "C" not null,
  tenant_id text collate "C",
  locale text not null default 'en',
  conditions json not null default '[]',
  content json not null default '{}',
  needs_vendor_approval boolean not null default false,
  vendor_approvals json not null default '[]',
  seq_no int not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (workspace_id, template_slug, channel, id),
  foreign key (workspace_id, template_slug) references template on delete cascade
);

create table template_version (
  workspace_id int not null,
  template_slug text collate "C" not null,
  version_no int not null,
  snapshot json not null,
  hash text not null,
  commit_message text,
  created_at timestamptz not null default now(),
  created_by json,
  primary key (workspace_id, template_slug, version_no),
  foreign key (workspace_id, template_slug) references template on delete cascade
);

create table vendor_config (
  workspace_id int not null references workspace on delete cascade,
  id text collate "C" not null,
  tenant_id text collate "C" not null default 'default',
  vendor_slug text collate "C" not null,
  channel text collate "C" not null,
  nickname text not null default '',
  config bytea not null,
  price numeric,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (workspace_id, id)
);

-- Priority list of a channel and root category: position 0 is tried first.
create table vendor_route (
  workspace_id int not null,
  tenant_id text collate "C" not null default 'default',
  channel text collate "C" not null,
  root_category text collate "C" not null check (root_category in ('system', 'transactional', 'promotional')),
  position int not null,
  vendor_config_id text collate "C" not null,
  fallback_seconds int not null default 30,
  primary key (workspace_id, tenant_id, channel, root_category, position),
  foreign key (workspace_id, vendor_config_id) references vendor_config on delete cascade
);

-- One row per accepted trigger or event. `status` is what the request log shows; `accepted` waits for expand.
create table request (
  workspace_id int not null,
  id uuid not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz,
  lane smallint not null,
  api_type text not null,
  name text not null default '',
  tenant_id text,
  idempotency_key text not null,
  cancellation_key text,
  body json not null,
  metadata json,
  status text not null default 'accepted',
  errors json,
  primary key (workspace_id, id)
) partition by range (id);
create table request_default partition of request default;
create index on request (workspace_id, idempotency_key);

-- The keys of the last 24 hours; the unique index is what makes a second trigger a duplicate.
create table idempotency (
  workspace_id int not null,
  kind text collate "C" not null,
  key text collate "C" not null,
  request_id uuid not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, kind, key)
);
create index on idempotency (created_at);

-- One row per recipient of a request. A sleeping run has wake_at. `data` is null while it equals what the
-- request said; `inline` holds what the trigger said about this recipient beyond the id.
create table run (
  workspace_id int not null,
  id text collate "C" not null,
  request_id uuid not null,
  parent_run_id text collate "C",
  workflow_slug text collate "C" not null,
  version_id text collate "C" not null,
  lane smallint not null,
  object_type text collate "C" not null default '',
  distinct_id text collate "C" not null,
  recipient_id text collate "C",
  tenant_id text collate "C" not null,
  idempotency_key text not null,
  cancellation_key text,
  actor json,
  inline json,
  data json,
  status text not null default 'in_progress',
  position text,
  wake_at timestamptz,
  steps json not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (workspace_id, id)
) partition by range (id);
create table run_default partition of run default;
create index run_wake on run (wake_at) where wake_at is not null;
create index on run (workspace_id, request_id);
create index on run (workspace_id, distinct_id, id);

-- One row per identity a node sends to. The row is the outbox: status 'triggered' with a lease is in flight,
-- with next_attempt_at it waits for a retry. Nothing that a send changes is indexed, and pages keep room, so that
-- its two updates stay on the page (HOT) and touch no index.
create table message (
  workspace_id int not null,
  id text collate "C" not null,
  execution_id text collate "C" not null,
  workflow_slug text collate "C" not null,
  version_id text collate "C" not null,
  node_ref text not null,
  template_slug text,
  template_version_no int,
  variant_id text,
  category text not null,
  lane smallint not null,
  tenant_id text collate "C" not null,
  object_type text collate "C" not null default '',
  distinct_id text collate "C" not null,
  recipient_id text collate "C",
  parent_object text,
  channel text collate "C" not null,
  provider text not null default '',
  identity_key text not null default '',
  channel_value json,
  content json,
  attachments json,
  vendor_config_id text collate "C",
  vendor_slug text,
  vendor_message_id text,
  status text not null,
  failure_reason text,
  failure_class text,
  attempt smallint not null default 0,
  lease uuid,
  next_attempt_at timestamptz,
  idempotency_key text not null,
  is_read boolean not null default false,
  is_archived boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  triggered_at timestamptz,
  delivered_at timestamptz,
  seen_at timestamptz,
  clicked_at timestamptz,
  dismissed_at timestamptz,
  read_at timestamptz,
  unread_at timestamptz,
  archived_at timestamptz,
  unarchived_at timestamptz,
  primary key (workspace_id, id)
) partition by range (id);
create table message_default partition of message default with (fillfactor = 60);
create index message_due on message (next_attempt_at) where next_attempt_at is not null;
create index on message (workspace_id, execution_id);
create index on message (workspace_id, distinct_id, id);
create index on message (workspace_id, idempotency_key);
create index on message (workspace_id, parent_object, id) where parent_object is not null;

-- What happened to a message after it was made: attempts that failed, receipts, transitions out of order.
create table message_event (
  workspace_id int not null,
  message_id text collate "C" not null,
  at timestamptz not null,
  kind text not null,
  detail json
) partition by range (message_id);
create table message_event_default partition of message_event default;
create index on message_event (workspace_id, message_id, at);

-- Receipts that are to be applied at a later time (the simulators' late reports).
create table due_receipt (
  workspace_id int not null,
  message_id text collate "C" not null,
  status text not null,
  reason text,
  due_at timestamptz not null
);
create index on due_receipt (due_at);

create table inbox_item (
  workspace_id int not null,
  id text collate "C" not null,
  recipient_id text collate "C" not null,
  tenant_id text collate "C" not null,
  category text not null,
  message json not null,
  tags text[] not null default '{}',
  created_at timestamptz not null default now(),
  seen_at timestamptz,
  read_at timestamptz,
  interacted_at timestamptz,
  archived_at timestamptz,
  primary key (workspace_id, recipient_id, id)
);
