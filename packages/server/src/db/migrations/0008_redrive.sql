-- What failed, to be listed and put back. A run that goes well is not in the index, and its insert pays nothing.
create index run_failed on run (workspace_id, updated_at) where status = 'failed';

-- Not by status: the index would be written with every send. Of a message that goes well the reason is null from
-- beginning to end, so that its updates stay on their page.
create index message_failed on message (workspace_id, id) where failure_reason is not null;
