import { z } from "zod";
import { parseTagFilter, type TagFilter } from "../../../core/preferences/tag-filter.ts";
import { DEFAULT_TENANT } from "../../../core/profile/effective-profile.ts";
import { canonicalLocale } from "../../../core/text/locale.ts";
import { flagFilter, singleText } from "../../filter-values.ts";
import { pagingQuery } from "../../paging.ts";

/** The query fields of preferences, to spread into query schemas. */
export const tenantField = {
  tenant_id: singleText
    .default("")
    .transform((id) => id || DEFAULT_TENANT)
    .describe("Whose preferences: a choice holds in one tenant. The default one if absent."),
};

export const localeField = {
  locale: singleText
    .optional()
    .transform((text) => (text === undefined ? null : canonicalLocale(text)))
    .describe("Language of names and descriptions: `es-AR`, else `es`, else as in the document."),
};

export const tagsField = {
  tags: singleText
    .default("")
    .transform((text, context): TagFilter | null => {
      if (text === "") return null;
      const parsed = parseTagFilter(text);
      if (parsed.ok) return parsed.filter;
      context.addIssue({ code: "custom", message: parsed.reason });
      return z.NEVER;
    })
    .describe('A tag, or JSON: `{"or":["a",{"and":["b",{"not":"c"}]}]}`, `{"exists":true}`.'),
};

const showField = {
  show_opt_out_channels: flagFilter
    .transform((flag) => flag ?? false)
    .describe("True: categories that are off list their channels too."),
};

export const channelsQuery = z.object(tenantField);
export const categoryQuery = z.object({ ...tenantField, ...localeField, ...showField });
export const pageQuery = z.object({ ...tenantField, ...localeField, ...showField, ...tagsField });
export const categoriesQuery = pageQuery.extend(pagingQuery(10));
