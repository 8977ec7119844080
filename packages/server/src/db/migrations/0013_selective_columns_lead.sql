-- Nothing but the primary key may serve a look-up by workspace and id. As long as a table, or the partition of a new
-- week, has few rows, all indexes that begin with the workspace seem equal; a plan that was made then and is kept by a
-- connection would read all rows of the workspace for each row it looks for, until the statistics are renewed. So the
-- column that selects comes first.
drop index message_workspace_id_distinct_id_id_idx;
drop index message_workspace_id_execution_id_idx;
drop index message_workspace_id_idempotency_key_idx;
create index message_recipient on message (distinct_id, workspace_id, id);
create index message_execution on message (execution_id, workspace_id);
create index message_key on message (idempotency_key, workspace_id);

drop index request_workspace_id_idempotency_key_idx;
create index request_key on request (idempotency_key, workspace_id);

drop index run_workspace_id_distinct_id_id_idx;
drop index run_workspace_id_request_id_idx;
create index run_recipient on run (distinct_id, workspace_id, id);
create index run_request on run (request_id, workspace_id);

drop index recipient_workspace_id_object_type_id_idx;
create index recipient_kind on recipient (object_type, workspace_id, id);
