-- Requests that came to nothing, to be listed and put back. One that goes well is not in the index.
create index request_failed on request (workspace_id, updated_at) where status = 'failure';
