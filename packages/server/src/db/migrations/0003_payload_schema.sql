-- Payload schemas: what the payload of a trigger or an event must look like. A draft that is edited and numbered
-- versions that are committed; `name` and `description` are no part of a version.
create table payload_schema (
  workspace_id int not null references workspace on delete cascade,
  slug text collate "C" not null,
  name text not null,
  description text,
  draft json not null,
  live_version_no int,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (workspace_id, slug)
);

create table payload_schema_version (
  workspace_id int not null,
  slug text collate "C" not null,
  version_no int not null,
  snapshot json not null,
  hash text not null,
  commit_message text,
  created_at timestamptz not null default now(),
  created_by json,
  primary key (workspace_id, slug, version_no),
  foreign key (workspace_id, slug) references payload_schema on delete cascade
);

-- Events that are known: defined through the API, or seen for the first time. Names match without case;
-- `event_name` is in lower case, `name` as it was first written. Without a version the live one is meant.
create table event_def (
  workspace_id int not null references workspace on delete cascade,
  event_name text collate "C" not null,
  name text not null,
  description text,
  schema_slug text collate "C",
  schema_version_no int,
  created_at timestamptz not null default now(),
  primary key (workspace_id, event_name),
  foreign key (workspace_id, schema_slug) references payload_schema,
  check (schema_slug is not null or schema_version_no is null)
);
