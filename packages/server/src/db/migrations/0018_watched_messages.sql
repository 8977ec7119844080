-- A run whose wait may end by what becomes of its messages is woken by them; only such messages carry the mark.
alter table message add column is_watched boolean not null default false;
