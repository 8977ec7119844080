-- Names and descriptions of sections and categories in other languages. They are in effect at once, and outlive what
-- they name: a section or category that comes back has its translations.
create table category_translation (
  workspace_id int not null references workspace on delete cascade,
  locale text collate "C" not null,
  sections json not null,
  categories json not null,
  updated_at timestamptz not null default now(),
  primary key (workspace_id, locale)
);
