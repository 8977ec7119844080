-- The part of the address, beyond guessing, at which a vendor reports what became of its messages.
alter table vendor_config add column webhook_uid text collate "C" not null
  default replace(gen_random_uuid()::text, '-', '');
create unique index vendor_config_webhook on vendor_config (webhook_uid);

-- What vendors reported, until it is applied to the messages that it is about.
create table vendor_report (
  id bigint generated always as identity primary key,
  workspace_id integer not null references workspace (workspace_id) on delete cascade,
  vendor_config_id text collate "C" not null,
  report json not null,
  received_at timestamptz not null default now(),
  due_at timestamptz not null default now()
);
create index vendor_report_due on vendor_report (due_at, id);

-- Vendors' own ids, for reports that do not carry ours.
create table vendor_ack (
  workspace_id integer not null references workspace (workspace_id) on delete cascade,
  vendor_config_id text collate "C" not null,
  vendor_message_id text collate "C" not null,
  message_id text collate "C" not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, vendor_config_id, vendor_message_id)
);
create index vendor_ack_created on vendor_ack (created_at);
