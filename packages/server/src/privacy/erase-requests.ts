import { payloadOf } from "../core/request-payload.ts";
import { isJsonObject, type Json } from "../core/json.ts";
import { storableJson } from "../core/text/text.ts";
import type { Tx } from "../db/db.ts";
import { eraseFromBody, mentions } from "./erased-body.ts";

interface StoredRequest {
  id: string;
  api_type: string;
  status: string;
  body: Json;
  errors: Json;
  is_internal: boolean;
}

/**
 * Takes some users out of the bodies of these requests, and out of the reasons why parts of them did not run. Locks the
 * requests in key order, before any run, as everywhere. Returns how many had something of them.
 */
export async function eraseRequests(
  tx: Tx,
  workspace_id: number,
  ids: readonly string[],
  names: readonly string[],
): Promise<number> {
  if (ids.length === 0) return 0;
  const rows = await tx.query<StoredRequest>(
    `select id, api_type, status, body, errors, parent_run_id is not null as is_internal from request
      where workspace_id = $1 and id = any($2) order by id for no key update`,
    [workspace_id, [...new Set(ids)]],
  );
  const set = new Set(names);
  let erased = 0;
  for (const row of rows) if (await eraseRequest(tx, workspace_id, row, set)) erased++;
  return erased;
}

async function eraseRequest(
  tx: Tx,
  workspace_id: number,
  { id, api_type, status, body, errors, is_internal }: StoredRequest,
  names: ReadonlySet<string>,
): Promise<boolean> {
  const found = eraseFromBody(body, names);
  // What was refused has no runs and is never put back: nobody needs the rest.
  const left = status === "refused" && mentions(body, names) ? { body: {}, is_whole: true } : found;
  if (left === null) return false;
  if (left.is_whole && isJsonObject(body)) {
    // An event may have led to runs of others, which read their payload here as long as they go on.
    const payload = payloadOf(api_type, body, { request_id: id, is_internal });
    await tx.query(
      `update run set data = $3 where request_id = $2 and workspace_id = $1 and status = 'in_progress' and data is null`,
      [workspace_id, id, storableJson(payload)],
    );
  }
  await tx.query(
    `update request set body = $3, errors = $4, metadata = case when $5 then null else metadata end
      where workspace_id = $1 and id = $2`,
    [
      workspace_id,
      id,
      storableJson(left.body),
      errors === null ? null : storableJson(eraseErrors(errors, names, left.is_whole)),
      left.is_whole,
    ],
  );
  return true;
}

/** Texts quote what was refused; codes do not. */
function eraseErrors(errors: Json, names: ReadonlySet<string>, is_whole: boolean): Json {
  if (!Array.isArray(errors)) return errors;
  return errors.map((entry): Json => {
    if (!isJsonObject(entry)) return entry;
    const isOwn = typeof entry.recipient === "string" && names.has(entry.recipient);
    if (!is_whole && !isOwn) return entry;
    const { trace: _trace, ...rest } = entry;
    return { ...rest, error_description: ERASED };
  });
}

/** What stands where a text of the logs was. */
export const ERASED = "erased";
