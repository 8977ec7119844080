-- A wait looks up events that were accepted before anything could signal it, by the user that they are about. What was
-- refused is left out: its body is kept as it came, and may hold escapes that no operator reads.
create index request_event on request (workspace_id, (btrim(body ->> 'distinct_id', E' \t\n\r')), id)
  where api_type = 'event' and status <> 'refused';
