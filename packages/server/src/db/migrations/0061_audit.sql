-- Who changed what, through any door.
create table audit (
  -- A ULID: the order of time.
  id text collate "C" primary key,
  -- Null: above workspaces.
  workspace_id integer references workspace on delete cascade,
  actor_kind text collate "C" not null check (actor_kind in ('member', 'service_token', 'api_key', 'system')),
  actor_id text collate "C" not null,
  -- As they were called at the time.
  actor_name text not null,
  action text collate "C" not null,
  entity text,
  -- Without secrets: [{"path", "before", "after"}]; null where nothing can be compared.
  changes jsonb,
  before_hash text,
  after_hash text,
  address text,
  request_id text collate "C",
  created_at timestamptz not null default now()
);
create index audit_of_workspace on audit (workspace_id, id desc);
create index audit_of_entity on audit (workspace_id, entity);
