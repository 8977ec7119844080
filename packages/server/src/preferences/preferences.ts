import type { Catalog } from "../catalog/catalog.ts";
import type { CategoryPolicy } from "../core/preferences/preferences.ts";
import type { Db, Queryable, Tx } from "../db/db.ts";
import type { CategoryDocument } from "./category-document.ts";
import { commitCategories, LIVE, saveCategories, type StoredDocument } from "./category-draft.ts";
import { type ChoiceLookup, type Concern, loadChoices } from "./choices.ts";
import { type Category, loadLiveCategories } from "../catalog/live-categories.ts";
import {
  type CategoryPreferenceEdit,
  type ChannelPreferenceEdit,
  type PreferencesEdit,
  type Reset,
  resetPreferences,
  setCategoryPreference,
  setChannelPreference,
  setPreferences,
  type Who,
} from "./recipient-preferences.ts";
import {
  loadTenantCategories,
  setTenantCategory,
  type StoredTenantCategory,
  type TenantCategoryEdit,
  tenantKey,
} from "./tenant-category.ts";

/**
 * Preferences: the categories of a workspace (edited as one document, in effect once committed), tenants' settings for
 * them, and recipients' choices. Their effect on one message is decided by `core/preferences/preferences.ts`; this
 * folder stores and loads.
 *
 * Categories and tenants' settings are configuration: cached by each process, invalidated by NOTIFY. Choices are data:
 * read for a chunk of recipients by the transaction that uses them, so that an opt-out applies at once. Choices outlive
 * their category, and apply again when it comes back.
 */
export interface Preferences {
  /** A published category or a root; the roots are always there. */
  findCategory: (workspace_id: number, slug: string) => Promise<Category | null>;
  /** The category with the tenant's settings. Both come from the cache: call it before a transaction, not inside. */
  findPolicy: (workspace_id: number, tenant_id: string, slug: string) => Promise<LivePolicy | null>;
  /** Bulk read for one workspace: at most one statement per table. */
  load: (db: Queryable, workspace_id: number, concerns: readonly Concern[]) => Promise<ChoiceLookup>;
  /** Sets the same choice for every recipient; returns the ids of those that exist. Throws `AppError`. */
  setCategoryPreference: (
    tx: Tx,
    workspace_id: number,
    who: Who,
    slug: string,
    edit: CategoryPreferenceEdit,
  ) => Promise<string[]>;
  /** Global opt-outs, then choices for several categories: all of it, or nothing. Returns and throws as the others. */
  setPreferences: (tx: Tx, workspace_id: number, who: Who, edit: PreferencesEdit) => Promise<string[]>;
  /** Deletes choices, so that the defaults hold again. Throws `AppError`. */
  reset: (tx: Tx, workspace_id: number, who: Who, reset: Reset) => Promise<void>;
  /** Global opt-outs, merged by channel; returns the ids of the recipients that exist. Throws `AppError`. */
  setChannelPreference: (
    tx: Tx,
    workspace_id: number,
    who: Who,
    edits: readonly ChannelPreferenceEdit[],
  ) => Promise<string[]>;
  /** Throws `AppError` for a tenant or category that does not exist, or values that do not fit the category. */
  setTenantCategory: (
    tx: Tx,
    workspace_id: number,
    tenant_id: string,
    slug: string,
    edit: TenantCategoryEdit,
  ) => Promise<StoredTenantCategory>;
  /** Replaces the draft; with `commit` it goes into effect unless its `validation_result` has errors. */
  saveCategories: (
    tx: Tx,
    workspace_id: number,
    document: CategoryDocument,
    commit?: { message: string | null } | null,
  ) => Promise<StoredDocument>;
  /** Puts the draft into effect. Throws `AppError` if there is none or it has problems. */
  commitCategories: (tx: Tx, workspace_id: number, message: string | null) => Promise<StoredDocument>;
}

/** With everything stored for both. */
export interface LivePolicy extends CategoryPolicy {
  category: Category;
  tenant_category: StoredTenantCategory | null;
}

/** The key of a policy in maps that span several workspaces and tenants. */
export function policyKey(workspace_id: number, tenant_id: string, category: string): string {
  return `${workspace_id}/${tenant_id}/${category}`;
}

export interface PreferencesDeps {
  db: Db;
  catalog: Catalog;
}

export function createPreferences({ db, catalog }: PreferencesDeps): Preferences {
  const findCategory: Preferences["findCategory"] = async (workspace_id, slug) => {
    const categories = await catalog.remember(workspace_id, "category", LIVE, () =>
      loadLiveCategories(db, workspace_id),
    );
    return categories.get(slug) ?? null;
  };

  return {
    findCategory,
    async findPolicy(workspace_id, tenant_id, slug) {
      const category = await findCategory(workspace_id, slug);
      if (category === null) return null;
      if (category.is_root) return { category, tenant_category: null };
      const tenant = await catalog.remember(workspace_id, "category", tenantKey(tenant_id), () =>
        loadTenantCategories(db, workspace_id, tenant_id),
      );
      return { category, tenant_category: tenant.get(slug) ?? null };
    },
    load: loadChoices,
    setCategoryPreference,
    setChannelPreference,
    setPreferences,
    reset: resetPreferences,
    setTenantCategory: (tx, workspace_id, tenant_id, slug, edit) =>
      setTenantCategory({ db: tx, catalog, workspace_id }, tenant_id, slug, edit),
    saveCategories: (tx, workspace_id, document, commit) =>
      saveCategories({ db: tx, catalog, workspace_id }, document, commit),
    commitCategories: (tx, workspace_id, message) =>
      commitCategories({ db: tx, catalog, workspace_id }, message),
  };
}
