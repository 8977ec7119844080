import type { Category } from "../catalog/live-categories.ts";
import { type Channel, isChannel } from "../core/channel.ts";
import { matchesTags, type TagFilter } from "../core/preferences/tag-filter.ts";
import { DEFAULT_TENANT } from "../core/profile/effective-profile.ts";
import type { Queryable } from "../db/db.ts";
import type { CategorySection } from "./category-document.ts";
import { loadSections } from "./category-draft.ts";
import { tenantNotFound } from "./refusals.ts";
import { loadTenantCategories, type StoredTenantCategory } from "./tenant-category.ts";
import { loadTranslate, type Text } from "./translation.ts";

/**
 * What preference pages are made of, those of recipients and those of tenants: the categories that are in effect, in
 * the order of their document, with what a tenant made of each. Everything is read from the database and not from the
 * cache, so that a page shows what was written a moment ago, by any process.
 */
export interface PageOptions {
  tenant_id: string;
  /** Canonical. Null: names as in the document. */
  locale: string | null;
  /** Null: all categories. */
  tags: TagFilter | null;
}

export interface PageCategory {
  category: Category;
  tenant_category: StoredTenantCategory | null;
  /** In the language of the page. */
  text: { name: string; description: string | null };
}

export interface PageSection extends Pick<CategorySection, "root_category" | "slug" | "tags"> {
  text: Text;
  categories: PageCategory[];
}

/**
 * The sections of a page, without those that are left with no category. `keep`: which categories are on it, besides the
 * filter by tags. The tenant exists: `loadPageChannels` has looked.
 */
export async function loadPage(
  db: Queryable,
  workspace_id: number,
  { tenant_id, locale, tags }: PageOptions,
  keep: (category: PageCategory) => boolean,
): Promise<PageSection[]> {
  const settings = await loadTenantCategories(db, workspace_id, tenant_id);
  const translate = await loadTranslate(db, workspace_id, locale);
  const sections = (await loadSections(db, workspace_id)).map(({ categories, ...section }) => ({
    ...section,
    text: translate("sections", section.slug, section),
    categories: categories
      .filter(({ effective_tags }) => tags === null || matchesTags(tags, effective_tags))
      .map((category) => {
        const { name, description } = translate("categories", category.slug, category);
        const tenant_category = settings.get(category.slug) ?? null;
        return { category, tenant_category, text: { name: name ?? category.name, description } };
      })
      .filter(keep),
  }));
  return sections.filter(({ categories }) => categories.length > 0);
}

/**
 * The channels that pages show, by name: those for which the workspace has a vendor and which the tenant does not
 * block; the inbox unless the workspace's settings keep it off. Refuses a tenant that does not exist.
 */
export async function loadPageChannels(
  db: Queryable,
  workspace_id: number,
  tenant_id: string,
): Promise<Channel[]> {
  const [row] = await db.query<{ channels: string[] }>(
    `select array(
       select distinct r.channel from vendor_route r
        where r.workspace_id = t.workspace_id and r.tenant_id in (t.tenant_id, '${DEFAULT_TENANT}')
          and r.channel <> all(coalesce(t.blocked_channels, '{}'))
          and (r.channel <> 'inbox' or coalesce(w.config->>'user_inbox_preference_enabled', 'true') <> 'false')
        order by r.channel) as channels
       from tenant t join workspace w on w.workspace_id = t.workspace_id
      where t.workspace_id = $1 and t.tenant_id = $2`,
    [workspace_id, tenant_id],
    "page_channels",
  );
  if (row === undefined) throw tenantNotFound(tenant_id);
  return row.channels.filter(isChannel);
}
