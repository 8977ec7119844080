import { z } from "zod";
import { CHANNELS } from "../core/channel.ts";
import { isRootCategory, LANES, type RootCategory } from "../core/lane.ts";
import { categoryPropertiesSchema, propertyProblems } from "../core/preferences/category-properties.ts";
import { digestProblems, digestScheduleSchema } from "../core/preferences/digest-schedule.ts";
import { NOT_A_LETTER, slugOf } from "../core/text/slug.ts";
import type { Category } from "../catalog/live-categories.ts";

/**
 * The document in which a workspace's categories are edited: root category → section → category. A wrong shape is
 * refused on input; whether it can be committed is decided by `categoryProblems`.
 */
const MAX_SLUG = 255;
const TAG = /^[a-z0-9]+(-[a-z0-9]+)*$/;
// The published rule allows hyphens; existing categories have underscores too.
const SLUG = /^[a-z0-9]+([-_][a-z0-9]+)*$/;

const channels = z.array(z.enum(CHANNELS)).transform((list) => [...new Set(list)]);
const tags = z.array(z.string().max(MAX_SLUG).regex(TAG, "must be lower-case words joined by -"));

const category = z.object({
  category: z.string().max(MAX_SLUG).regex(SLUG, "must be lower-case words joined by - or _"),
  name: z.string().min(1),
  description: z.string().nullish().transform(orNull),
  default_preference: z.enum(["opt_in", "opt_out", "cant_unsubscribe"]),
  default_mandatory_channels: channels.nullish().transform(orNull),
  default_opt_in_channels: channels.nullish().transform(orNull),
  tags: tags.nullish().transform(orNull),
  digest_schedule: digestScheduleSchema.nullish().transform(orNull),
  properties: categoryPropertiesSchema.nullish().transform(orNull),
});

const section = z.object({
  /** Null or empty: categories without a section. */
  name: z
    .string()
    .nullish()
    .transform((name) => name || null),
  description: z.string().nullish().transform(orNull),
  tags: tags.nullish().transform(orNull),
  categories: z
    .array(category)
    .nullish()
    .transform((list) => list ?? []),
});

const rootCategory = z.object({
  root_category: z.enum(LANES),
  sections: z
    .array(section)
    .nullish()
    .transform((list) => list ?? []),
});

export const categoryDocumentSchema = z.object({
  root_categories: z.array(rootCategory).transform(inOrder),
});

export type CategoryDocument = z.output<typeof categoryDocumentSchema>;

export const EMPTY_DOCUMENT: CategoryDocument = Object.freeze({ root_categories: inOrder([]) });

/** What a document is checked against besides itself. */
export interface DocumentFacts {
  /** Slugs that are currently published. */
  published: ReadonlySet<string>;
  /** Slugs that live workflows use. */
  used: ReadonlySet<string>;
}

/** Why a document cannot be committed; empty when it can. */
export function categoryProblems(document: CategoryDocument, { published, used }: DocumentFacts): string[] {
  const categories = flattenCategories(document);
  const problems: string[] = [];
  const slugs = new Set<string>();
  for (const { slug, digest_schedule, properties } of categories) {
    if (isRootCategory(slug)) problems.push(`category '${slug}': is the name of a root category`);
    if (slugs.has(slug)) problems.push(`category '${slug}': is there twice`);
    slugs.add(slug);
    const inside = [
      ...(digest_schedule === null ? [] : digestProblems(digest_schedule)),
      ...(properties === null ? [] : propertyProblems(properties)),
    ];
    problems.push(...inside.map((problem) => `category '${slug}': ${problem}`));
  }
  const missing = [...used].filter((slug) => published.has(slug) && !slugs.has(slug)).sort();
  if (missing.length > 0) {
    const names = missing.map((slug) => JSON.stringify(slug)).join(" ");
    problems.push(
      `it seems some subcategories have been deleted in this version, on which active workflows are configured. missing subcategories: [${names}]`,
    );
  }
  return problems;
}

/** A group of categories on preference pages. */
export interface CategorySection {
  root_category: RootCategory;
  /** Null: the categories without a section. */
  name: string | null;
  /** Names the section in translations; made of its name, and null without one. */
  slug: string | null;
  description: string | null;
  tags: string[] | null;
  categories: Category[];
}

/** The sections of a document with their categories, in order. */
export function sectionsOf({ root_categories }: CategoryDocument): CategorySection[] {
  return root_categories.flatMap(({ root_category, sections }) =>
    sections.map((section) => ({
      root_category,
      name: section.name,
      slug: section.name === null ? null : sectionSlug(section.name),
      description: section.description,
      tags: section.tags,
      categories: section.categories.map(
        ({
          category: slug,
          default_preference,
          default_mandatory_channels,
          default_opt_in_channels,
          ...rest
        }) => ({
          slug,
          root_category,
          is_root: false,
          section: section.name,
          ...rest,
          effective_tags: [...new Set([...(section.tags ?? []), ...(rest.tags ?? [])])].sort(),
          defaults: {
            preference: default_preference,
            mandatory_channels: default_mandatory_channels,
            opt_in_channels: default_opt_in_channels,
          },
        }),
      ),
    })),
  );
}

/** All categories of a document, in order. */
export function flattenCategories(document: CategoryDocument): Category[] {
  return sectionsOf(document).flatMap(({ categories }) => categories);
}

/** Any script: a name in Japanese is a slug too. A name of signs alone stays as it is. */
function sectionSlug(name: string): string {
  return slugOf(name, NOT_A_LETTER) || name;
}

interface RootSection {
  root_category: RootCategory;
  sections: z.output<typeof section>[];
}

/** All three roots, most urgent first. A root that appears twice has the sections of both. */
function inOrder(stated: readonly RootSection[]): RootSection[] {
  return LANES.map((root_category) => ({
    root_category,
    sections: stated
      .filter((root) => root.root_category === root_category)
      .flatMap(({ sections }) => sections),
  }));
}

function orNull<T>(value: T | null | undefined): T | null {
  return value ?? null;
}
