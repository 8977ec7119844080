import { z } from "zod";
import { CHANNELS } from "../../../core/channel.ts";
import { propertyValuesSchema } from "../../../core/preferences/category-properties.ts";
import { digestOverridesSchema, digestSelectionSchema } from "../../../core/preferences/digest-schedule.ts";
import type { CategoryPreferenceEdit, PreferencesEdit } from "../../../preferences/recipient-preferences.ts";
import type { TenantCategoryEdit } from "../../../preferences/tenant-category.ts";
import { oneOf } from "../../filter-values.ts";
import { ONE_OBJECT } from "../present-profile.ts";

/* The bodies that set preferences, of recipients and of tenants. */

/** One of some names, which must be there. */
function required<const Names extends readonly string[]>(names: Names) {
  return z.enum(names, { error: (issue) => (issue.input == null ? "is a required field" : oneOf(names)) });
}

const channel = required(CHANNELS);

const channelList = z
  .array(z.enum(CHANNELS, oneOf(CHANNELS)), "must be an array of channels")
  .transform((list) => [...new Set(list)]);

const channelPreferences = z.array(
  z.object({ channel, is_restricted: z.boolean("must be true or false") }, "must be an object"),
  { error: (issue) => (issue.input == null ? "is a required field" : "must be an array") },
);

export const channelPreferencesBody = z.object({ channel_preferences: channelPreferences }, ONE_OBJECT).meta({
  description: "Channels that are not named stay as they are.",
  example: { channel_preferences: [{ channel: "email", is_restricted: true }] },
});

const categoryPreference = {
  preference: required(["opt_in", "opt_out"]),
  opt_out_channels: channelList
    .nullish()
    .describe("All channels that are off. Null or absent: the defaults."),
  opt_in_channels: channelList.nullish().describe("Channels that are on besides the defaults."),
  digest_schedule: digestSelectionSchema
    .nullish()
    .describe("Null: the default. Absent: as it is. Only fields that the option leaves editable."),
  properties: propertyValuesSchema
    .nullish()
    .describe("Absent keys stay as they are; a null value is the default again."),
};

export const categoryPreferenceBody = z.object(categoryPreference, ONE_OBJECT).meta({
  description: "Replaces what the recipient chose for the category.",
  example: { preference: "opt_in", opt_out_channels: ["sms"] },
});

const MAX_CATEGORIES = 1000;

const categories = z
  .array(
    z.object({ category: z.string("is a required field"), ...categoryPreference }, "must be an object"),
    "must be an array",
  )
  .max(MAX_CATEGORIES, `must contain at maximum ${MAX_CATEGORIES} items`);

/** The parts of a body that changes all preferences of a recipient, or of many. */
export const preferenceParts = {
  channel_preferences: channelPreferences.nullish(),
  categories: categories.nullish(),
};

export const PREFERENCES_EXAMPLE = {
  channel_preferences: [{ channel: "email", is_restricted: false }],
  categories: [{ category: "newsletter", preference: "opt_in", opt_out_channels: ["sms"] }],
};

export const preferencesBody = z.object(preferenceParts, ONE_OBJECT).meta({
  description: "Global opt-outs first, then the choices for categories: all of it, or nothing.",
  example: PREFERENCES_EXAMPLE,
});

export type PreferencesBody = z.output<typeof preferencesBody>;

/**
 * The data API replaces what was chosen of the channels: lists that are not sent are the defaults again. Digests and
 * properties, which older clients do not know, stay as they are.
 */
export function replacing(stated: z.output<typeof categoryPreferenceBody>): CategoryPreferenceEdit {
  return {
    ...stated,
    opt_out_channels: stated.opt_out_channels ?? null,
    opt_in_channels: stated.opt_in_channels ?? null,
  };
}

/** The same for a body of several parts. */
export function replacingAll({ channel_preferences, categories: stated }: PreferencesBody): PreferencesEdit {
  return {
    channel_preferences,
    categories: stated?.map(({ category, ...edit }) => ({ ...replacing(edit), category })),
  };
}

const tenantChannels = {
  visible_to_subscriber: z
    .boolean("must be true or false")
    .nullish()
    .describe("False: recipients neither see the category nor get it."),
  preference: z
    .enum(["opt_in", "opt_out", "cant_unsubscribe"], oneOf(["opt_in", "opt_out", "cant_unsubscribe"]))
    .nullish(),
  mandatory_channels: channelList.nullish(),
  opt_in_channels: channelList.nullish(),
  blocked_channels: channelList
    .nullish()
    .describe("Never used for the category, whatever recipients choose."),
};

const TENANT_META = {
  description: "Absent fields stay as they are; null is the category's own value again.",
  example: { preference: "opt_in", opt_in_channels: ["email"] },
};

/** What the older endpoint takes. */
export const olderTenantCategoryBody = z.object(tenantChannels, ONE_OBJECT).meta(TENANT_META);

export const tenantCategoryBody = z
  .object(
    {
      ...tenantChannels,
      enabled_for_tenant: z
        .boolean("must be true or false")
        .nullish()
        .describe("False: the tenant does not have the category. Null: as it is."),
      digest_schedule: digestOverridesSchema.nullish(),
      properties: propertyValuesSchema.nullish(),
    },
    ONE_OBJECT,
  )
  .transform(
    // Clients that send every field send null for what they leave: that must not switch on what is disabled.
    ({ enabled_for_tenant, ...body }): TenantCategoryEdit => ({
      ...body,
      enabled_for_tenant: enabled_for_tenant ?? undefined,
    }),
  )
  .meta(TENANT_META);
