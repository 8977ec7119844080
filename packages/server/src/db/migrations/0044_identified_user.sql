-- Since when a client has said that this id is a person's own; null: it may be the id of a browser before a login.
alter table recipient add column identified_at timestamptz;
