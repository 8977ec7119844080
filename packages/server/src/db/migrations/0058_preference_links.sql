-- Links to preference pages are signed under a key of this generation; those of an older one count until they are revoked.
alter table workspace
  add column link_generation int not null default 1,
  add column link_oldest_generation int not null default 1,
  add constraint workspace_link_generation check (link_oldest_generation between 1 and link_generation);
