import { cut, storableJson } from "../../core/text/text.ts";
import { insertAll, int, json, jsonText, smallint, text, uuid } from "../../db/bulk.ts";
import type { Db, Tx } from "../../db/db.ts";
import type { IdSource } from "../../ids.ts";
import type { Log } from "../../log.ts";
import type { AcceptRecord } from "./accept.ts";
import { problem, type RequestProblem } from "../problem.ts";

/**
 * Records refused requests and partially applied user edits in the request log next to accepted requests, so that a
 * search for a message that never came finds the call that asked for it. The caller already has its answer and nothing
 * depends on the note, so it is written later, without waiting for the disk, and a flood of invalid requests is
 * dropped.
 */
export interface RequestNotes {
  add: (note: RequestNote) => void;
  /** Resolves when there is nothing left to write. */
  drain: () => Promise<void>;
}

export interface RequestNote extends Pick<AcceptRecord, "workspace_id" | "metadata"> {
  api_type: AcceptRecord["api_type"] | "user_edit";
  status: "refused" | "partial_failure";
  /** The record as it came, as JSON text. */
  body: string;
  /** As far as it could be read. */
  name: string;
  tenant_id: string | null;
  idempotency_key: string | null;
  errors: Pick<RequestProblem, "error_code" | "error_description">[];
}

/** Per workspace. */
const MOST_A_SECOND = 50;
const MAX_WAITING = 500;
const MAX_BODY = 16 * 1024;
const SHOWN_OF_LONGER = 1024;

interface Waiting extends RequestNote {
  id: string;
}

export interface RequestNotesDeps {
  db: Db;
  ids: IdSource;
  log: Log;
  now?: () => number;
}

export function createRequestNotes({ db, ids, log, now = Date.now }: RequestNotesDeps): RequestNotes {
  let waiting: Waiting[] = [];
  let writing: Promise<void> | null = null;
  let second = 0;
  const counts = new Map<number, number>();

  function isTooMany(workspace_id: number): boolean {
    const current = Math.floor(now() / 1000);
    if (current !== second) counts.clear();
    second = current;
    const count = (counts.get(workspace_id) ?? 0) + 1;
    counts.set(workspace_id, count);
    return count > MOST_A_SECOND || waiting.length >= MAX_WAITING;
  }

  async function write(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      await db
        .tx((tx) => insertNotes(tx, batch), { relaxed: true })
        .catch((error: unknown) => log.warn({ err: error }, "notes of requests could not be written"));
    }
    writing = null;
  }

  return {
    add(note) {
      if (isTooMany(note.workspace_id)) return;
      waiting.push({ ...note, body: bounded(note.body), id: ids.uuid() });
      writing ??= write();
    },
    drain: () => writing ?? Promise.resolve(),
  };
}

function insertNotes(tx: Tx, batch: Waiting[]): Promise<unknown> {
  return insertAll(tx, "request", batch, {
    workspace_id: int((note) => note.workspace_id),
    id: uuid((note) => note.id),
    lane: smallint(() => 2),
    api_type: text((note) => note.api_type),
    name: text((note) => cut(note.name, 255)),
    tenant_id: text((note) => note.tenant_id),
    idempotency_key: text((note) => note.idempotency_key ?? note.id),
    body: jsonText((note) => note.body),
    metadata: jsonText((note) => note.metadata),
    status: text((note) => note.status),
    errors: json(problemsOf),
  });
}

function problemsOf({ api_type, status, name, errors }: RequestNote): RequestProblem[] {
  const workflow_slug = api_type === "workflow" || api_type === "dynamic" ? cut(name, 255) : null;
  const severity = status === "refused" ? "error" : "warning";
  return errors.map(({ error_code, error_description }) => ({
    ...problem(workflow_slug, error_code, error_description),
    severity,
  }));
}

/** The beginning of a text that is too long for a log, as a JSON text. */
function bounded(body: string): string {
  if (body.length <= MAX_BODY) return body;
  return storableJson(`${cut(body, SHOWN_OF_LONGER)}… (${body.length} characters)`);
}
