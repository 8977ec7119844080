import {
  localeName,
  parseTranslationFileName,
  type TranslationFileName,
} from "../core/translations/file-name.ts";
import type { JsonObject } from "../core/json.ts";
import type { Mode } from "../catalog/versioned.ts";
import type { Queryable } from "../db/db.ts";
import { AppError } from "../errors.ts";

/**
 * Files of translations, as stored: a version is a snapshot of all files, the last version is live, and the draft is
 * what changes the live one.
 */
export interface StoredFile extends TranslationFileName {
  locale_name: string;
  /** What the draft does, or what the version did. */
  action: FileAction;
  updated_at: Date;
  /** Of its content; that of the live version for a file that the draft deletes. */
  hash: string;
}

export const FILE_ACTIONS = ["added", "updated", "deleted", "unchanged"] as const;
export type FileAction = (typeof FILE_ACTIONS)[number];

/** The files of one state, by name. */
export interface FileList {
  /** Of the version; of a draft, the number that its commit will get. */
  version_no: number;
  status: "draft" | "active" | "inactive";
  files: StoredFile[];
}

interface Row {
  filename: string;
  hash: string;
  action: FileAction;
  updated_at: Date;
}

/** The draft has all files that its commit would leave, and those that it would delete. */
export async function readFiles(db: Queryable, workspace_id: number, mode: Mode): Promise<FileList> {
  const version_no = await liveVersionNo(db, workspace_id);
  if (mode === "live") {
    return { version_no, status: "active", files: await filesOfVersion(db, workspace_id, version_no) };
  }
  const rows = await db.query<Row>(
    `select filename, coalesce(d.hash, f.hash) as hash,
            case when d.filename is null then 'unchanged' when d.hash is null then 'deleted'
                 when f.filename is null then 'added' else 'updated' end as action,
            coalesce(d.updated_at, f.updated_at) as updated_at
       from (select * from translation_version_file where workspace_id = $1 and version_no = $2) f
       full join (select * from translation_draft where workspace_id = $1) d using (filename)
      order by filename`,
    [workspace_id, version_no],
    "translation_draft_files",
  );
  return { version_no: version_no + 1, status: "draft", files: rows.map(present) };
}

/** Throws `AppError` for a version that does not exist. */
export async function readVersion(
  db: Queryable,
  workspace_id: number,
  version_no: number,
): Promise<FileList> {
  const [known] = await db.query(
    "select 1 from translation_version where workspace_id = $1 and version_no = $2::bigint",
    [workspace_id, version_no],
  );
  if (known === undefined) throw new AppError("not_found", `translation version ${version_no} not found`);
  const isLive = version_no === (await liveVersionNo(db, workspace_id));
  return {
    version_no,
    status: isLive ? "active" : "inactive",
    files: await filesOfVersion(db, workspace_id, version_no),
  };
}

export async function readContents(
  db: Queryable,
  workspace_id: number,
  files: readonly Pick<StoredFile, "hash">[],
): Promise<Map<string, JsonObject>> {
  const rows = await db.query<{ hash: string; content: JsonObject }>(
    "select hash, content from translation_content where workspace_id = $1 and hash = any($2)",
    [workspace_id, files.map(({ hash }) => hash)],
    "translation_contents",
  );
  return new Map(rows.map(({ hash, content }) => [hash, content]));
}

/** Throws `AppError` where the state has no such file. */
export async function getFile(
  db: Queryable,
  workspace_id: number,
  filename: string,
  mode: Mode,
): Promise<StoredFile & { content: JsonObject }> {
  const { files } = await readFiles(db, workspace_id, mode);
  const file = files.find((one) => one.filename === filename);
  if (file === undefined) throw fileNotFound(filename);
  const content = (await readContents(db, workspace_id, [file])).get(file.hash);
  if (content === undefined) throw new Error(`the content of ${filename} is gone`);
  return { ...file, content };
}

export function fileNotFound(filename: string): AppError {
  return new AppError("not_found", `translation file '${filename}' not found`);
}

/** 0: nothing was ever committed. */
async function liveVersionNo(db: Queryable, workspace_id: number): Promise<number> {
  const [row] = await db.query<{ last: number | null }>(
    "select max(version_no) as last from translation_version where workspace_id = $1",
    [workspace_id],
    "translation_live_version",
  );
  return row?.last ?? 0;
}

async function filesOfVersion(
  db: Queryable,
  workspace_id: number,
  version_no: number,
): Promise<StoredFile[]> {
  const rows = await db.query<Row>(
    `select filename, hash, action, updated_at from translation_version_file
      where workspace_id = $1 and version_no = $2 order by filename`,
    [workspace_id, version_no],
    "translation_version_files",
  );
  return rows.map(present);
}

function present(row: Row): StoredFile {
  const name = parseTranslationFileName(row.filename);
  if (name === null) throw new Error(`${row.filename} is no name of a translation file`);
  return { ...row, ...name, locale_name: localeName(name.locale) };
}
