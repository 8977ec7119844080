import { storableJson } from "../core/text/text.ts";
import { sql } from "kysely";
import type { Catalog } from "../catalog/catalog.ts";
import { contentHash } from "../catalog/content-hash.ts";
import type { Mode } from "../catalog/versioned.ts";
import type { Queryable, Tx } from "../db/db.ts";
import { AppError } from "../errors.ts";
import {
  type CategoryDocument,
  categoryProblems,
  type CategorySection,
  EMPTY_DOCUMENT,
  flattenCategories,
  sectionsOf,
} from "./category-document.ts";
import type { Category } from "../catalog/live-categories.ts";

/**
 * The category document of a workspace: a draft is replaced as a whole, and a commit puts it into effect. Changes in
 * one workspace are serialised by the lock of its row. A draft equal to the active document is not a draft.
 */
export interface CategoryChange {
  db: Tx;
  catalog: Catalog;
  workspace_id: number;
}

export interface StoredDocument extends CategoryDocument {
  /** 0: nothing was ever saved. */
  version_no: number;
  status: "draft" | "active";
  commit_message: string | null;
  committed_at: Date | null;
  validation_result: { is_valid: boolean; errors: string[] };
}

/** Cache key of the published categories, of kind `category`. */
export const LIVE = "live";

interface Row extends CategoryDocument {
  version_no: number;
  status: StoredDocument["status"];
  hash: string;
  commit_message: string | null;
  committed_at: Date | null;
}

/** `draft`: the draft, or the active document if there is none. */
export async function readCategories(
  db: Queryable,
  workspace_id: number,
  mode: Mode,
): Promise<StoredDocument> {
  const { draft, active } = await readCurrent(db, workspace_id);
  const row = (mode === "draft" ? draft : undefined) ?? active;
  const { root_categories, ...head } = row ?? {
    ...EMPTY_DOCUMENT,
    version_no: 0,
    status: mode === "draft" ? ("draft" as const) : ("active" as const),
    commit_message: null,
    committed_at: null,
  };
  const errors = await findProblems(db, workspace_id, { root_categories });
  return {
    root_categories,
    version_no: head.version_no,
    status: head.status,
    commit_message: head.commit_message,
    committed_at: head.committed_at,
    validation_result: { is_valid: errors.length === 0, errors },
  };
}

/**
 * Makes `document` the draft; with `commit` it also goes into effect, unless it has problems: then it stays a draft,
 * and the reply lists them.
 */
export async function saveCategories(
  change: CategoryChange,
  document: CategoryDocument,
  commit: { message: string | null } | null = null,
): Promise<StoredDocument> {
  const { db, workspace_id } = change;
  await lockWorkspace(change);
  const { active } = await readCurrent(db, workspace_id);
  const hash = contentHash(document);
  const drafts = { workspace_id, status: "draft" };
  if (hash === active?.hash) {
    await db.kysely
      .deleteFrom("category_doc")
      .where((where) => where.and(drafts))
      .execute();
    return readCategories(db, workspace_id, "draft");
  }
  const stated = { root_categories: storableJson(document.root_categories), hash };
  const updated = await db.kysely
    .updateTable("category_doc")
    .set({ ...stated, updated_at: sql`now()` })
    .where((where) => where.and(drafts))
    .returning("version_no")
    .execute();
  if (updated.length === 0) {
    const { last } = await db.kysely
      .selectFrom("category_doc")
      .where("workspace_id", "=", workspace_id)
      .select(({ fn }) => fn.max("version_no").as("last"))
      .executeTakeFirstOrThrow();
    await db.kysely
      .insertInto("category_doc")
      .values({ ...drafts, ...stated, version_no: (last ?? 0) + 1 })
      .execute();
  }
  if (commit !== null && (await findProblems(db, workspace_id, document)).length === 0) {
    await publish(change, document, commit.message);
  }
  return readCategories(db, workspace_id, "draft");
}

/** Puts the draft into effect. Refuses if there is none or it has problems. */
export async function commitCategories(
  change: CategoryChange,
  message: string | null,
): Promise<StoredDocument> {
  const { db, workspace_id } = change;
  await lockWorkspace(change);
  const { draft } = await readCurrent(db, workspace_id);
  if (draft === undefined) throw new AppError("commit_refused", "no uncommitted changes found");
  const problems = await findProblems(db, workspace_id, draft);
  if (problems.length > 0) throw new AppError("commit_refused", problems.join("; "), { detail: problems });
  await publish(change, draft, message);
  return readCategories(db, workspace_id, "live");
}

/** The sections that are in effect, with their categories. */
export async function loadSections(db: Queryable, workspace_id: number): Promise<CategorySection[]> {
  const [active] = await db.query<CategoryDocument>(
    "select root_categories from category_doc where workspace_id = $1 and status = 'active'",
    [workspace_id],
    "category_doc_active",
  );
  return active === undefined ? [] : sectionsOf(active);
}

async function lockWorkspace({ db, workspace_id }: CategoryChange): Promise<void> {
  await db.query("select 1 from workspace where workspace_id = $1 for no key update", [workspace_id]);
}

export async function readCurrent(
  db: Queryable,
  workspace_id: number,
): Promise<{ draft: Row | undefined; active: Row | undefined }> {
  const rows = await db.query<Row>(
    `select version_no, status, root_categories, hash, commit_message, committed_at from category_doc
      where workspace_id = $1 and status in ('draft', 'active')`,
    [workspace_id],
  );
  const find = (status: Row["status"]) => rows.find((row) => row.status === status);
  return { draft: find("draft"), active: find("active") };
}

async function findProblems(
  db: Queryable,
  workspace_id: number,
  document: CategoryDocument,
): Promise<string[]> {
  const published = await db.query<{ slug: string }>("select slug from category where workspace_id = $1", [
    workspace_id,
  ]);
  const used = await db.query<{ slug: string }>(
    `select distinct v.definition->>'category' as slug from workflow w
       join workflow_version v on v.workspace_id = w.workspace_id and v.id = w.live_version_id
      where w.workspace_id = $1 and w.deleted_at is null`,
    [workspace_id],
  );
  return categoryProblems(document, {
    published: new Set(published.map(({ slug }) => slug)),
    used: new Set(used.map(({ slug }) => slug)),
  });
}

/** The caller holds the lock of the workspace, and the document is its draft. */
async function publish(
  { db, catalog, workspace_id }: CategoryChange,
  document: CategoryDocument,
  message: string | null,
): Promise<void> {
  // In this order, because only one version can be active at a time.
  await db.query(
    "update category_doc set status = 'retired', updated_at = now() where workspace_id = $1 and status = 'active'",
    [workspace_id],
  );
  await db.query(
    `update category_doc set status = 'active', commit_message = $2, committed_at = now(), updated_at = now()
      where workspace_id = $1 and status = 'draft'`,
    [workspace_id, message],
  );
  await db.query("delete from category where workspace_id = $1", [workspace_id]);
  await insertCategories(db, workspace_id, flattenCategories(document));
  await catalog.invalidate(db, workspace_id, "category", LIVE);
}

async function insertCategories(db: Queryable, workspace_id: number, categories: Category[]): Promise<void> {
  const rows = categories.map(({ defaults, ...category }, position) => ({
    ...category,
    position,
    default_preference: defaults.preference,
    default_mandatory_channels: defaults.mandatory_channels,
    default_opt_in_channels: defaults.opt_in_channels,
  }));
  const columns = `slug, position, root_category, section, name, description, tags, effective_tags,
    default_preference, default_mandatory_channels, default_opt_in_channels, digest_schedule, properties`;
  await db.query(
    `insert into category (workspace_id, ${columns})
     select $1, ${columns} from json_to_recordset($2) as c(slug text, position int, root_category text, section text,
       name text, description text, tags text[], effective_tags text[], default_preference text,
       default_mandatory_channels text[], default_opt_in_channels text[], digest_schedule json, properties json)`,
    [workspace_id, storableJson(rows)],
  );
}
