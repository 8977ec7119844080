-- Since when a vendor is not called because it fails; null: it is called. One message after the other tries it again.
alter table vendor_config add column broken_at timestamptz;
alter table vendor_config add column probed_at timestamptz;
alter table vendor_config add column broken_reason text;
