import { AppError } from "../../../../errors.ts";
import type { Queryable } from "../../../../db/db.ts";
import { type DraftKey, draftNotFound } from "../../../../lists/drafts.ts";
import { findList } from "../../../../lists/stored-lists.ts";
import { listNotFound, type ListView, presentDraft } from "../present-list.ts";

export async function readDraft(db: Queryable, workspace_id: number, key: DraftKey): Promise<ListView> {
  const list = await findList(db, workspace_id, key.list_id);
  if (list === null) throw listNotFound(key.list_id);
  const draft = list.drafts.find(({ version_id }) => version_id === key.version_id);
  if (draft === undefined) throw new AppError("not_found", draftNotFound(key));
  return presentDraft(list, draft);
}
