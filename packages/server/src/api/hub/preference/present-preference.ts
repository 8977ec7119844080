import { z } from "zod";
import { CHANNELS } from "../../../core/channel.ts";
import { LANES } from "../../../core/lane.ts";
import type { JsonObject } from "../../../core/json.ts";
import { microsOffset } from "../../../core/time/wire-time.ts";
import type { CategoryPreference, RecipientPage } from "../../../preferences/recipient-page.ts";
import type { TenantCategoryPreference, TenantPage } from "../../../preferences/tenant-page.ts";

/** Preferences as the wire shows them, those of recipients and those of tenants. */
const channel = z.enum(CHANNELS);
const preference = z.enum(["opt_in", "opt_out"]);
const defaultPreference = z.enum(["opt_in", "opt_out", "cant_unsubscribe"]);
const channelsOrNull = z.array(channel).readonly().nullable();
const tags = z.array(z.string());

/** An object whose fields depend on what its category defines. */
const open = z.record(z.string(), z.unknown());

const DIGEST_EXAMPLE = {
  id: "daily",
  label: "Daily",
  frequency: "daily",
  interval: 1,
  time: "09:00",
  is_default: true,
  is_user_selected: false,
};

const PROPERTY_EXAMPLE = {
  key: "threshold",
  label: "Threshold",
  value_type: "integer",
  default_value: 10,
  is_optional: false,
  edit_policy: "editable",
  is_overridden: true,
  value: 500,
};

const OPTION_EXAMPLE = {
  ...DIGEST_EXAMPLE,
  time: { edit_policy: "editable", default_value: "09:00", value: "" },
};

const CATEGORY_EXAMPLE = {
  name: "Weekly Digest",
  category: "weekly-digest",
  description: null,
  tags: ["reports"],
  effective_tags: ["reports"],
  original_preference: null,
  preference: "opt_in",
  is_editable: true,
  channels: [{ channel: "email", preference: "opt_in", is_editable: true }],
  digest_schedule_options: { options: [OPTION_EXAMPLE] },
  digest_schedule: DIGEST_EXAMPLE,
  properties: [PROPERTY_EXAMPLE],
};

export const categoryShape = z
  .object({
    name: z.string(),
    category: z.string(),
    description: z.string().nullable(),
    tags: tags.nullable(),
    effective_tags: tags,
    original_preference: preference.nullable().describe("What the recipient chose. Null: the defaults hold."),
    preference: preference.describe("What holds; `opt_in` also where nobody can unsubscribe."),
    is_editable: z.boolean(),
    channels: z.array(z.object({ channel, preference, is_editable: z.boolean() })),
    digest_schedule_options: z.object({ options: z.array(open) }).nullable(),
    digest_schedule: open.nullable(),
    properties: z.array(open).nullable(),
  })
  .meta({ examples: [CATEGORY_EXAMPLE] });

export type CategoryView = z.input<typeof categoryShape>;

export const channelsShape = z.object({
  channel_preferences: z
    .array(z.object({ channel, is_restricted: z.boolean() }))
    .describe("`is_restricted`: opted out of, except for categories where the channel is mandatory."),
});

export const pageShape = z.object({
  sections: z.array(
    z.object({
      name: z.string().nullable(),
      slug: z.string().nullable(),
      description: z.string().nullable(),
      tags: tags.nullable(),
      subcategories: z.array(categoryShape),
    }),
  ),
  channel_preferences: channelsShape.shape.channel_preferences,
});

export type PageView = z.input<typeof pageShape>;

export function presentCategory({
  digest_schedule_options,
  digest_schedule,
  properties,
  ...rest
}: CategoryPreference): CategoryView {
  return {
    ...rest,
    digest_schedule_options:
      digest_schedule_options === null
        ? null
        : { options: digest_schedule_options.options.map((option) => ({ ...option })) },
    digest_schedule: digest_schedule === null ? null : { ...digest_schedule },
    properties: properties?.map((property) => ({ ...property })) ?? null,
  };
}

export function presentPage({ sections, channel_preferences }: RecipientPage): PageView {
  return {
    sections: sections.map(({ subcategories, ...section }) => ({
      ...section,
      subcategories: subcategories.map(presentCategory),
    })),
    channel_preferences,
  };
}

const TENANT_CATEGORY_EXAMPLE = {
  name: "Weekly Digest",
  category: "weekly-digest",
  description: null,
  tags: ["reports"],
  effective_tags: ["reports"],
  root_category: "promotional",
  default_preference: "opt_in",
  default_mandatory_channels: null,
  default_opt_in_channels: ["email"],
  visible_to_subscriber: true,
  preference: "opt_out",
  mandatory_channels: null,
  opt_in_channels: null,
  blocked_channels: ["sms"],
  updated_at: "2025-12-04T10:45:39.061095+00:00",
};

const TENANT_OPTION_EXAMPLE = {
  id: "daily",
  label: "Daily",
  frequency: "daily",
  interval: 1,
  time: { edit_policy: "editable", default_value: "08:00" },
  is_default: true,
};

/** What the older endpoints show. */
const olderTenantCategory = z.object({
  name: z.string(),
  category: z.string(),
  description: z.string().nullable(),
  tags: tags.nullable(),
  effective_tags: tags,
  root_category: z.enum(LANES),
  default_preference: defaultPreference,
  default_mandatory_channels: channelsOrNull,
  default_opt_in_channels: channelsOrNull,
  visible_to_subscriber: z.boolean(),
  preference: defaultPreference.nullable().describe("Here and below null: the category's own."),
  mandatory_channels: channelsOrNull,
  opt_in_channels: channelsOrNull,
  blocked_channels: channelsOrNull,
  updated_at: z.string().nullable(),
});

export const olderTenantCategoryShape = olderTenantCategory.meta({ examples: [TENANT_CATEGORY_EXAMPLE] });

export const tenantCategoryShape = olderTenantCategory
  .extend({
    enabled_for_tenant: z.boolean(),
    digest_schedule: z.object({ options: z.array(open), original_options: z.array(open) }).nullable(),
    properties: z.array(open).nullable(),
  })
  .meta({
    examples: [
      {
        ...TENANT_CATEGORY_EXAMPLE,
        enabled_for_tenant: true,
        digest_schedule: {
          options: [TENANT_OPTION_EXAMPLE],
          original_options: [
            { ...TENANT_OPTION_EXAMPLE, time: { edit_policy: "editable", default_value: "09:00" } },
          ],
        },
        properties: [PROPERTY_EXAMPLE],
      },
    ],
  });

export type TenantCategoryView = z.input<typeof tenantCategoryShape>;

export const tenantPageShape = z.object({
  root_categories: z.array(
    z.object({
      root_category: z.enum(LANES),
      sections: z.array(
        z.object({
          name: z.string().nullable(),
          slug: z.string().nullable(),
          description: z.string().nullable(),
          tags: tags.nullable(),
          categories: z.array(tenantCategoryShape),
        }),
      ),
    }),
  ),
});

export function presentTenantCategory({
  digest_schedule,
  properties,
  updated_at,
  ...rest
}: TenantCategoryPreference): TenantCategoryView {
  const opened = (options: readonly object[]) => options.map((option): JsonObject => ({ ...option }));
  return {
    ...rest,
    updated_at: updated_at === null ? null : microsOffset(updated_at),
    digest_schedule:
      digest_schedule === null
        ? null
        : {
            options: opened(digest_schedule.options),
            original_options: opened(digest_schedule.original_options),
          },
    properties: properties === null ? null : opened(properties),
  };
}

export function presentOlderTenantCategory(
  category: TenantCategoryPreference,
): z.input<typeof olderTenantCategoryShape> {
  const {
    enabled_for_tenant: _enabled,
    digest_schedule: _digest,
    properties: _properties,
    ...older
  } = presentTenantCategory(category);
  return older;
}

export function presentTenantPage({ root_categories }: TenantPage): z.input<typeof tenantPageShape> {
  return {
    root_categories: root_categories.map(({ root_category, sections }) => ({
      root_category,
      sections: sections.map(({ categories, ...section }) => ({
        ...section,
        categories: categories.map(presentTenantCategory),
      })),
    })),
  };
}
