-- Texts that were made inside (an error cut in the middle of a character, a null character out of a parsed text) used to
-- be stored as they were. A json column takes their escapes, and then refuses every statement that looks into the row.
-- From now on they are replaced before they are written; what is stored gets U+FFFD in their place.
create function pg_temp.mended(doc json) returns json language sql immutable as $$
  select regexp_replace(
           regexp_replace(
             regexp_replace(doc::text, '(?<!\\)((?:\\\\)*)\\u0000', '\1\\ufffd', 'g'),
             '(?<!\\)((?:\\\\)*)\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])', '\1\\ufffd', 'g'),
           '(?<!\\u[dD][89abAB][0-9a-fA-F]{2})(?<!\\)((?:\\\\)*)\\u[dD][c-fC-F][0-9a-fA-F]{2}', '\1\\ufffd', 'g')::json
$$;
create function pg_temp.broken(doc json) returns boolean language sql immutable as $$
  select doc::text ~ '\\u(0000|[dD][89a-fA-F])'
$$;

update run set steps = pg_temp.mended(steps) where pg_temp.broken(steps);
update run set data = pg_temp.mended(data) where pg_temp.broken(data);
update run set inline = pg_temp.mended(inline) where pg_temp.broken(inline);
update run set state = pg_temp.mended(state) where pg_temp.broken(state);
update run set actor = pg_temp.mended(actor) where pg_temp.broken(actor);
update request set errors = pg_temp.mended(errors) where pg_temp.broken(errors);
update request set body = pg_temp.mended(body) where pg_temp.broken(body);
update message set content = pg_temp.mended(content) where pg_temp.broken(content);
update message set webhook_data = pg_temp.mended(webhook_data) where pg_temp.broken(webhook_data);
update message set attachments = pg_temp.mended(attachments) where pg_temp.broken(attachments);
update message_event set detail = pg_temp.mended(detail) where pg_temp.broken(detail);
update inbox_item set message = pg_temp.mended(message) where pg_temp.broken(message);
update signal set body = pg_temp.mended(body) where pg_temp.broken(body);
update batch_item set item = pg_temp.mended(item) where pg_temp.broken(item);
