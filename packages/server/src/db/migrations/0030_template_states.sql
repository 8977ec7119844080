-- What a vendor said of a variant's content. Its key is the content, not a version: a commit that leaves the content as it
-- is needs no new approval, and what was approved once is approved again when it comes back.
create table template_approval (
  workspace_id int not null,
  template_slug text collate "C" not null,
  channel text collate "C" not null,
  variant_id text collate "C" not null,
  content_hash text collate "C" not null,
  -- The versions that have this content: the first and the last. Null before a commit.
  first_version_no int,
  version_no int,
  -- The variant as the last of them has it: what goes on being sent while a later content waits.
  variant json,
  -- Sent without approval, before the variant began to need one.
  is_exempt boolean not null default false,
  vendor_approvals json not null default '[]',
  discard_comment text,
  approved_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (workspace_id, template_slug, channel, variant_id, content_hash),
  foreign key (workspace_id, template_slug) references template on delete cascade
);
-- Nothing read them: no version was ever held back.
alter table template_variant drop vendor_approvals;

alter table template
  add mock_data json,
  add archived_at timestamptz,
  -- The number by which the older read API calls a template.
  add number int generated always as identity;
alter table template_version add number int generated always as identity;
