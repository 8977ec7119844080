-- What a cancel leaves for requests that are not expanded yet: a row for each name it gave. No row as long as nothing waits.
create table cancel_notice (
  workspace_id int not null references workspace (workspace_id) on delete cascade,
  id bigint generated always as identity,
  -- Of a person or an object, an address, or a trigger's key.
  name text not null,
  -- What was accepted before is cancelled, what comes later is not.
  at timestamptz not null default now(),
  filter json not null,
  primary key (workspace_id, name, id)
);
