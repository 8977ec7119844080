import { categoryNotFound } from "../catalog/live-categories.ts";
import type { Channel } from "../core/channel.ts";
import { LANES, type RootCategory } from "../core/lane.ts";
import { type ShownProperty, showProperties } from "../core/preferences/category-properties.ts";
import { tenantOptions, type TenantOption } from "../core/preferences/digest-options.ts";
import type { DefaultPreference } from "../core/preferences/preferences.ts";
import type { Queryable } from "../db/db.ts";
import { loadPage, loadPageChannels, type PageCategory, type PageOptions } from "./page.ts";
import type { Text } from "./translation.ts";

/** The categories as a tenant's administrators see them: the workspace's defaults, and the tenant's own settings. */
export interface TenantPageOptions extends PageOptions {
  /** True: also the categories that are disabled for the tenant. */
  include_disabled: boolean;
}

type ChannelList = readonly Channel[] | null;

export interface TenantCategoryPreference {
  name: string;
  category: string;
  description: string | null;
  tags: string[] | null;
  effective_tags: string[];
  root_category: RootCategory;
  default_preference: DefaultPreference;
  default_mandatory_channels: ChannelList;
  default_opt_in_channels: ChannelList;
  enabled_for_tenant: boolean;
  visible_to_subscriber: boolean;
  /** Here and below null: not overridden. */
  preference: DefaultPreference | null;
  mandatory_channels: ChannelList;
  opt_in_channels: ChannelList;
  blocked_channels: ChannelList;
  updated_at: Date | null;
  digest_schedule: { options: TenantOption[]; original_options: TenantOption[] } | null;
  properties: ShownProperty[] | null;
}

export interface TenantPage {
  root_categories: {
    root_category: RootCategory;
    sections: (Text & {
      slug: string | null;
      tags: string[] | null;
      categories: TenantCategoryPreference[];
    })[];
  }[];
}

/** All three roots, those without categories too. Refuses a tenant that does not exist. */
export async function readTenantPage(
  db: Queryable,
  workspace_id: number,
  options: TenantPageOptions,
): Promise<TenantPage> {
  await loadPageChannels(db, workspace_id, options.tenant_id);
  const all = await loadPage(
    db,
    workspace_id,
    options,
    ({ tenant_category }) => options.include_disabled || tenant_category?.enabled_for_tenant !== false,
  );
  return {
    root_categories: LANES.map((root) => ({
      root_category: root,
      sections: all
        .filter(({ root_category }) => root_category === root)
        .map(({ text, slug, tags, categories }) => ({
          ...text,
          slug,
          tags,
          categories: categories.map(present),
        })),
    })),
  };
}

/** One category, disabled or not. Refuses one that is not published. */
export async function readTenantCategory(
  db: Queryable,
  workspace_id: number,
  slug: string,
  options: Omit<TenantPageOptions, "include_disabled" | "tags">,
): Promise<TenantCategoryPreference> {
  const page = await readTenantPage(db, workspace_id, { ...options, tags: null, include_disabled: true });
  const found = categoriesOf(page).find(({ category }) => category === slug);
  if (found === undefined) throw categoryNotFound(slug);
  return found;
}

/** Without their sections, in order. */
export function categoriesOf({ root_categories }: TenantPage): TenantCategoryPreference[] {
  return root_categories.flatMap(({ sections }) => sections.flatMap(({ categories }) => categories));
}

function present({ category, tenant_category, text }: PageCategory): TenantCategoryPreference {
  const { digest_schedule: schedule, defaults } = category;
  return {
    name: text.name,
    category: category.slug,
    description: text.description,
    tags: category.tags,
    effective_tags: category.effective_tags,
    root_category: category.root_category,
    default_preference: defaults.preference,
    default_mandatory_channels: defaults.mandatory_channels,
    default_opt_in_channels: defaults.opt_in_channels,
    enabled_for_tenant: tenant_category?.enabled_for_tenant ?? true,
    visible_to_subscriber: tenant_category?.visible_to_subscriber ?? true,
    preference: tenant_category?.preference ?? null,
    mandatory_channels: tenant_category?.mandatory_channels ?? null,
    opt_in_channels: tenant_category?.opt_in_channels ?? null,
    blocked_channels: tenant_category?.blocked_channels ?? null,
    updated_at: tenant_category?.updated_at ?? null,
    digest_schedule:
      schedule === null || !schedule.enabled
        ? null
        : {
            options: tenantOptions(schedule, tenant_category?.digest_schedule ?? null),
            original_options: tenantOptions(schedule, null),
          },
    properties: showProperties(category.properties, tenant_category?.properties ?? null),
  };
}
