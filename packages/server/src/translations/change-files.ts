import { storableJson } from "../core/text/text.ts";
import { readTexts } from "../core/translations/content.ts";
import type { JsonObject } from "../core/json.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { contentHash } from "../catalog/content-hash.ts";
import { LIVE_TRANSLATIONS } from "../catalog/live-translations.ts";
import { API_SERVICE } from "../catalog/versioned.ts";
import type { Queryable, Tx } from "../db/db.ts";
import { AppError } from "../errors.ts";
import {
  fileNotFound,
  type FileList,
  getFile,
  readFiles,
  readVersion,
  type StoredFile,
} from "./stored-files.ts";

/**
 * Changes to the translations of a workspace, one at a time: each holds the lock of the workspace's row. A file that is
 * as it is live is no part of the draft.
 */
export interface TranslationChange {
  db: Tx;
  catalog: Catalog;
  workspace_id: number;
}

/** All of them are in the memory of every process that sends. */
const MAX_FILES = 1000;
const MAX_BYTES = 16 * 1024 * 1024;

/** Why a text can never be rendered; null when it can. */
export type CheckText = (text: string) => string | null;

/** Creates or replaces a file in the draft. Throws `AppError` for content that holds anything but texts. */
export async function saveFile(
  { db, workspace_id }: TranslationChange,
  filename: string,
  content: JsonObject,
  check: CheckText,
): Promise<StoredFile & { content: JsonObject }> {
  refuseUnsound(content, check);
  await lockWorkspace(db, workspace_id);
  const text = storableJson(content);
  const hash = contentHash(content);
  await db.query(
    `insert into translation_content (workspace_id, hash, content, bytes) values ($1, $2, $3, $4)
     on conflict (workspace_id, hash) do nothing`,
    [workspace_id, hash, text, Buffer.byteLength(text)],
  );
  const { files } = await readFiles(db, workspace_id, "live");
  if (files.some((file) => file.filename === filename && file.hash === hash)) {
    await forgetDrafts(db, workspace_id, filename);
  } else {
    await setDraft(db, workspace_id, filename, hash);
    await refuseTooMuch(db, workspace_id);
  }
  return getFile(db, workspace_id, filename, "draft");
}

/** Marks a live file for deletion, or takes a new one out of the draft. Throws `AppError` where there is none. */
export async function deleteFile({ db, workspace_id }: TranslationChange, filename: string): Promise<void> {
  await lockWorkspace(db, workspace_id);
  const { files } = await readFiles(db, workspace_id, "draft");
  const file = files.find((one) => one.filename === filename);
  if (file === undefined || file.action === "deleted") throw fileNotFound(filename);
  if (file.action === "added") await forgetDrafts(db, workspace_id, filename);
  else await setDraft(db, workspace_id, filename, null);
}

/** Makes the draft the live version. Without a draft there is no new version, so that a commit can be repeated. */
export async function commitFiles(change: TranslationChange, message: string | null): Promise<FileList> {
  const { db, workspace_id } = change;
  await lockWorkspace(db, workspace_id);
  const { files } = await readFiles(db, workspace_id, "draft");
  if (files.some(({ action }) => action !== "unchanged")) await publish(change, files, message);
  return readFiles(db, workspace_id, "live");
}

/** Makes a new version of the files of an earlier one, and drops the draft. */
export async function rollbackFiles(change: TranslationChange, version_no: number): Promise<FileList> {
  const { db, workspace_id } = change;
  await lockWorkspace(db, workspace_id);
  const { files: wanted } = await readVersion(db, workspace_id, version_no);
  const { files: live } = await readFiles(db, workspace_id, "live");
  const before = new Map(live.map((file) => [file.filename, file]));
  const files = wanted.map((file): StoredFile => {
    const same = before.get(file.filename);
    if (same?.hash === file.hash) return { ...same, action: "unchanged" };
    return { ...file, action: same === undefined ? "added" : "updated" };
  });
  const isSame = files.length === live.length && files.every(({ action }) => action === "unchanged");
  if (isSame) await forgetDrafts(db, workspace_id);
  else await publish(change, files, `Rollback to version ${version_no}`);
  return readFiles(db, workspace_id, "live");
}

/** The caller holds the lock. Files that are deleted are left out. */
async function publish(
  { db, catalog, workspace_id }: TranslationChange,
  files: readonly StoredFile[],
  message: string | null,
): Promise<void> {
  const [row] = await db.query<{ version_no: number }>(
    `insert into translation_version (workspace_id, version_no, commit_message, created_by)
     select $1, 1 + coalesce(max(version_no), 0), $2, $3 from translation_version where workspace_id = $1
     returning version_no`,
    [workspace_id, message, storableJson(API_SERVICE)],
  );
  const kept = files
    .filter(({ action }) => action !== "deleted")
    .map(({ filename, hash, action, updated_at }) => ({ filename, hash, action, updated_at }));
  await db.query(
    `insert into translation_version_file (workspace_id, version_no, filename, hash, action, updated_at)
     select $1, $2, filename, hash, action, updated_at
       from json_to_recordset($3) as f(filename text, hash text, action text, updated_at timestamptz)`,
    [workspace_id, row?.version_no, storableJson(kept)],
  );
  await forgetDrafts(db, workspace_id);
  await catalog.invalidate(db, workspace_id, "translation", LIVE_TRANSLATIONS);
}

function refuseUnsound(content: JsonObject, check: CheckText): void {
  const { texts, problems } = readTexts(content);
  for (const { path, text } of texts) {
    const reason = text.includes("{{") ? check(text) : null;
    if (reason !== null) problems[path] = [`does not render: ${reason}`];
  }
  const found = Object.entries(problems).map(([path, [reason]]) => `content.${path}: ${reason}`);
  if (found.length > 0) throw new AppError("validation_error", found.join("; "));
}

/** Of the files that the draft leaves. */
async function refuseTooMuch(db: Queryable, workspace_id: number): Promise<void> {
  const { files } = await readFiles(db, workspace_id, "draft");
  const kept = files.filter(({ action }) => action !== "deleted");
  if (kept.length > MAX_FILES) {
    throw new AppError("validation_error", `a workspace has at most ${MAX_FILES} translation files`);
  }
  const [row] = await db.query<{ bytes: number }>(
    `select sum(bytes)::int as bytes from unnest($2::text[]) as h(hash)
       join translation_content c on c.workspace_id = $1 and c.hash = h.hash`,
    [workspace_id, kept.map(({ hash }) => hash)],
  );
  if ((row?.bytes ?? 0) <= MAX_BYTES) return;
  const reason = `have at most ${MAX_BYTES} bytes together, and these have ${row?.bytes}`;
  throw new AppError("validation_error", `content: the translation files of a workspace ${reason}`);
}

async function setDraft(
  db: Queryable,
  workspace_id: number,
  filename: string,
  hash: string | null,
): Promise<void> {
  const before = await draftHashes(db, workspace_id, filename);
  await db.query(
    `insert into translation_draft (workspace_id, filename, hash) values ($1, $2, $3)
     on conflict (workspace_id, filename) do update set hash = excluded.hash, updated_at = now()`,
    [workspace_id, filename, hash],
  );
  await forgetContents(db, workspace_id, before);
}

/** Drops the draft of one file, or the whole draft. */
async function forgetDrafts(
  db: Queryable,
  workspace_id: number,
  filename: string | null = null,
): Promise<void> {
  const before = await draftHashes(db, workspace_id, filename);
  await db.query(
    "delete from translation_draft where workspace_id = $1 and ($2::text is null or filename = $2)",
    [workspace_id, filename],
  );
  await forgetContents(db, workspace_id, before);
}

async function draftHashes(db: Queryable, workspace_id: number, filename: string | null): Promise<string[]> {
  const rows = await db.query<{ hash: string }>(
    `select hash from translation_draft
      where workspace_id = $1 and ($2::text is null or filename = $2) and hash is not null`,
    [workspace_id, filename],
  );
  return rows.map(({ hash }) => hash);
}

/** Contents that no version and no draft has any more. */
async function forgetContents(db: Queryable, workspace_id: number, hashes: readonly string[]): Promise<void> {
  await db.query(
    `delete from translation_content c where workspace_id = $1 and hash = any($2)
        and not exists (select from translation_draft d where d.workspace_id = c.workspace_id and d.hash = c.hash)
        and not exists (
          select from translation_version_file f where f.workspace_id = c.workspace_id and f.hash = c.hash)`,
    [workspace_id, hashes],
  );
}

async function lockWorkspace(db: Queryable, workspace_id: number): Promise<void> {
  await db.query("select 1 from workspace where workspace_id = $1 for no key update", [workspace_id]);
}
