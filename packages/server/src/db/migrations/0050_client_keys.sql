-- Where a public key may be used from, and for how long its value before the last rotation is still taken.
alter table public_key
  add allowed_domains text[],
  add old_api_key text collate "C" unique,
  add old_expiry_at timestamptz;
