-- Keys that apps hold. A public key is no secret and is shown whenever it is asked for; of a signing key only the half
-- that verifies is stored.
create table public_key (
  workspace_id int not null references workspace on delete cascade,
  id text collate "C" not null,
  api_key text collate "C" not null unique,
  name text not null,
  description text,
  is_secure_mode_enabled boolean not null default false,
  is_default boolean not null default false,
  created_at timestamptz not null default now(),
  created_by json,
  updated_at timestamptz not null default now(),
  updated_by json,
  rotated_at timestamptz,
  rotated_by json,
  deleted_at timestamptz,
  primary key (workspace_id, id)
);
insert into public_key (workspace_id, id, api_key, name, is_default)
  select workspace_id, 'ws_pubk_' || upper(left(md5(random()::text || uid), 26)),
         'SS.PUBK.' || replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'default', true
    from workspace;

create table signing_key (
  workspace_id int not null references workspace on delete cascade,
  id text collate "C" not null,
  uid text collate "C" not null,
  public_key text not null,
  status text not null default 'active' check (status in ('active', 'rolled')),
  expiry_at timestamptz,
  created_at timestamptz not null default now(),
  created_by json,
  rolled_at timestamptz,
  rolled_by json,
  deleted_at timestamptz,
  deleted_by json,
  primary key (workspace_id, id),
  unique (workspace_id, uid)
);
create unique index signing_key_active on signing_key (workspace_id) where status = 'active' and deleted_at is null;

alter table api_key add description text, add created_by json, add deleted_by json;
