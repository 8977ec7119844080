-- The people who sign in. A recipient is somebody else: a member uses Carillon, a recipient is notified by it.
create table member (
  id text collate "C" primary key,
  -- In lower case: it is what people sign in by.
  email text collate "C" not null unique,
  name text not null,
  state text collate "C" not null default 'active' check (state in ('active', 'deactivated')),
  -- With its parameters, as PHC strings have them; null: signs in by e-mail code or passkey.
  password_hash text,
  -- Sealed. It asks for codes only once it is enabled, which proves that the app has it.
  totp_secret bytea,
  totp_enabled_at timestamptz,
  -- The last time step whose code was taken: no code is good twice.
  totp_step bigint not null default 0,
  created_at timestamptz not null default now(),
  last_seen_at timestamptz
);

-- A role in one workspace; without a workspace, in all there are and will be.
create table member_role (
  member_id text collate "C" not null references member on delete cascade,
  workspace_id integer references workspace on delete cascade,
  role text collate "C" not null check (role in ('admin', 'developer', 'editor', 'support', 'viewer'))
);
create unique index member_role_in_workspace on member_role (member_id, workspace_id) where workspace_id is not null;
create unique index member_role_everywhere on member_role (member_id) where workspace_id is null;

create table session (
  -- SHA-256 of what the cookie has.
  hash bytea primary key,
  id text collate "C" not null unique,
  member_id text collate "C" not null references member on delete cascade,
  -- How they signed in: local, password, code, passkey, setup, invitation.
  method text collate "C" not null,
  address text not null,
  user_agent text not null,
  created_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  idle_until timestamptz not null,
  expires_at timestamptz not null
);
create index session_of_member on session (member_id);

create table invitation (
  id text collate "C" primary key,
  hash bytea not null unique,
  email text collate "C" not null,
  name text not null,
  -- [{"workspace_id": 1 or null, "role": "editor"}]
  roles jsonb not null,
  invited_by text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  accepted_at timestamptz,
  cancelled_at timestamptz
);
create unique index invitation_open on invitation (email) where accepted_at is null and cancelled_at is null;

-- A code that was mailed, or would have been: for an address that nobody signs in by, there is a row, too.
create table sign_in_code (
  -- SHA-256 of the challenge, which only the one who asked for the code has.
  challenge bytea primary key,
  member_id text collate "C" references member on delete cascade,
  -- SHA-256 of challenge and code.
  hash bytea not null,
  attempts integer not null default 0,
  expires_at timestamptz not null
);

create table recovery_code (
  member_id text collate "C" not null references member on delete cascade,
  hash bytea not null,
  primary key (member_id, hash)
);

-- The one-time links that make the first admin of a server that others can reach.
create table setup_link (
  hash bytea primary key,
  expires_at timestamptz not null
);

-- How much an account, a browser or an address has tried: the bucket is empty until then.
create table sign_in_attempt (
  key text collate "C" primary key,
  full_at timestamptz not null
);
