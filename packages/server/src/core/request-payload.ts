import { type PayloadSource, replaceFilesWithNotes } from "./attachments.ts";
import { parseEvent } from "./event-record.ts";
import { isJsonObject, type JsonObject } from "./json.ts";

/** The payload that a stored request gives its runs, without the bytes of files. */
export function payloadOf(
  api_type: string | null,
  body: JsonObject | null,
  source: PayloadSource,
): JsonObject {
  if (body === null) return {};
  if (api_type === "event") {
    const parsed = parseEvent(body);
    return parsed.ok ? replaceFilesWithNotes(parsed.value.properties, source) : {};
  }
  const { data } = body;
  return isJsonObject(data) ? replaceFilesWithNotes(data, source) : {};
}

/** Where the files of a stored request's payload can be read again. */
export function sourceOf({ id, parent_run_id }: { id: string; parent_run_id: string | null }): PayloadSource {
  return { request_id: id, is_internal: parent_run_id !== null };
}
