import { z } from "zod";
import { microsZ, orNull } from "../../../core/time/wire-time.ts";
import { AppError } from "../../../errors.ts";
import { draftNotFound } from "../../../lists/drafts.ts";
import { ALL_USERS } from "../../../lists/lists.ts";
import type { StoredDraft, StoredList } from "../../../lists/stored-lists.ts";
import { REFRESH_MINUTES, type StoredQuery } from "../../../segments/stored-queries.ts";

/**
 * Lists as the wire shows them, and what their endpoints share. Refusals have the management family's shape. SDKs put
 * ids into paths without encoding them; their case does not matter.
 */
export const listParams = z.object({ list_id: z.string().trim().toLowerCase() });

export const versionParams = listParams.extend({ version_id: z.string().trim() });

const draftShape = z.object({
  version_id: z.string(),
  subscribers_count: z.int(),
  created_at: z.string(),
  updated_at: z.string(),
});

const syncShape = z.object({
  id: z.string(),
  name: z.string(),
  is_enabled: z.boolean(),
  auto_refresh: z.boolean(),
  refresh_interval: z.string().describe("A duration."),
  refreshed_at: z.string().nullable().describe("When the members last agreed with the query."),
  error: z.string().nullable().describe("Why the last refresh failed; the members stayed as they were."),
  draft_version: z.null(),
  active_version: z.object({
    id: z.string(),
    query_text: z.string(),
    version_no: z.int(),
    ai_description: z.null(),
  }),
});

export const listShape = z.object({
  list_id: z.string(),
  list_name: z.string(),
  list_description: z.string().nullable(),
  list_type: z.string(),
  subscribers_count: z.int(),
  source: z.string().nullable(),
  is_readonly: z.boolean(),
  status: z.enum(["active", "draft"]),
  track_user_entry: z.boolean(),
  track_user_exit: z.boolean(),
  requested_for_delete: z.boolean(),
  created_at: z.string(),
  updated_at: z.string(),
  drafts: z.array(draftShape).nullable(),
  version_id: z.string().nullable(),
  is_enabled: z.boolean().optional().describe("Of a dynamic list, as are the next two."),
  query: z.string().optional(),
  sync_task: syncShape.optional(),
});

export type ListView = z.input<typeof listShape>;

/** A dynamic list with its query; in lists of lists without. */
export function presentList(list: StoredList, query: StoredQuery | null = null): ListView {
  return {
    list_id: list.list_id,
    list_name: list.list_name,
    list_description: list.list_description,
    list_type: list.list_type,
    subscribers_count: list.subscribers_count,
    source: null,
    is_readonly: list.list_id === ALL_USERS,
    status: "active",
    track_user_entry: list.track_user_entry,
    track_user_exit: list.track_user_exit,
    requested_for_delete: false,
    created_at: microsZ(list.created_at),
    updated_at: microsZ(list.updated_at),
    drafts: list.drafts.length === 0 ? null : list.drafts.map(presentDraftPart),
    version_id: null,
    ...(query === null ? {} : presentQuery(list, query)),
  };
}

function presentQuery({ list_id, list_name }: StoredList, query: StoredQuery) {
  const { version_id, version_no, query_text, is_enabled } = query;
  return {
    is_enabled,
    query: query_text,
    sync_task: {
      id: list_id,
      name: list_name,
      is_enabled,
      auto_refresh: is_enabled,
      refresh_interval: `${REFRESH_MINUTES}m`,
      refreshed_at: orNull(microsZ, query.refreshed_at),
      error: query.error,
      draft_version: null,
      active_version: { id: version_id, query_text, version_no, ai_description: null },
    },
  };
}

/** The list as it will be. */
export function presentDraft(list: StoredList, draft: StoredDraft): ListView {
  const { version_id, ...times } = presentDraftPart(draft);
  return { ...presentList(list), ...times, status: "draft", drafts: null, version_id };
}

function presentDraftPart({ version_id, subscribers_count, created_at, updated_at }: StoredDraft) {
  return {
    version_id,
    subscribers_count,
    created_at: microsZ(created_at),
    updated_at: microsZ(updated_at),
  };
}

export function listNotFound(list_id: string): AppError {
  return new AppError("not_found", `list_id: ${list_id} not found`);
}

/** The refusal of a change; `key` is what it was for. */
export function refusalOf(text: string, key: { list_id: string; version_id?: string }): AppError {
  const { list_id, version_id = "" } = key;
  const isMissing = text === listNotFound(list_id).message || text === draftNotFound({ list_id, version_id });
  return new AppError(isMissing ? "not_found" : "validation_error", text);
}

export const SUCCESS = z.object({ success: z.boolean() });
