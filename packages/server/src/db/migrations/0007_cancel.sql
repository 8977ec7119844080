-- What a cancel looks for. Runs are found through their requests: a key of a hundred recipients is one entry, and
-- triggers without a key pay nothing. People are found by their addresses; push tokens have an index of their own.
create index request_cancellation on request (workspace_id, cancellation_key) where cancellation_key is not null;
create index identity_address on identity (workspace_id, key) where channel in ('email', 'sms', 'whatsapp');
