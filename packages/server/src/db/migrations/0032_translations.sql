-- Translations: files of texts for `t` in templates. A version is a snapshot of all files, and the last one is live.

-- What files hold. Versions and drafts with the same content share it.
create table translation_content (
  workspace_id int not null references workspace on delete cascade,
  hash text collate "C" not null,
  content json not null,
  -- Of the content as JSON.
  bytes int not null,
  primary key (workspace_id, hash)
);

-- What the draft changes of the live version. Without a hash the file is deleted.
create table translation_draft (
  workspace_id int not null references workspace on delete cascade,
  filename text collate "C" not null,
  hash text collate "C",
  updated_at timestamptz not null default now(),
  primary key (workspace_id, filename),
  foreign key (workspace_id, hash) references translation_content
);
create index translation_draft_content on translation_draft (workspace_id, hash);

create table translation_version (
  workspace_id int not null references workspace on delete cascade,
  version_no int not null,
  commit_message text,
  created_at timestamptz not null default now(),
  created_by json,
  primary key (workspace_id, version_no)
);

create table translation_version_file (
  workspace_id int not null,
  version_no int not null,
  filename text collate "C" not null,
  hash text collate "C" not null,
  -- What the version did with the file.
  action text not null check (action in ('added', 'updated', 'unchanged')),
  updated_at timestamptz not null,
  primary key (workspace_id, version_no, filename),
  foreign key (workspace_id, version_no) references translation_version on delete cascade,
  foreign key (workspace_id, hash) references translation_content
);
create index translation_version_file_content on translation_version_file (workspace_id, hash);
