import { z } from "zod";
import { localeChain } from "../core/text/locale.ts";
import { storableJson } from "../core/text/text.ts";
import type { Queryable } from "../db/db.ts";
import { AppError } from "../errors.ts";
import { sectionsOf } from "./category-document.ts";
import { readCurrent } from "./category-draft.ts";

/**
 * Names and descriptions of sections and categories in other languages. They have no draft: what is saved is shown at
 * once. Locales are canonical (`es-AR`).
 */
const MAX_SLUG = 255;

const text = z.object({ name: z.string().nullish(), description: z.string().nullish() });
const texts = z.record(z.string().max(MAX_SLUG), text.nullable()).nullish();

export const translationSchema = z.object({ sections: texts, categories: texts });

export type TranslationEdit = z.output<typeof translationSchema>;

export interface Text {
  name: string | null;
  description: string | null;
}

/** By the slugs of sections and of categories. */
export interface Translation {
  sections: Record<string, Text>;
  categories: Record<string, Text>;
}

type Kind = keyof Translation;

/** The language of the document itself: there is always a translation into it. */
const BASE = "en";

/** All locales that have a translation, and English. */
export async function listLocales(db: Queryable, workspace_id: number): Promise<string[]> {
  const rows = await db.query<{ locale: string }>(
    "select locale from category_translation where workspace_id = $1 order by locale",
    [workspace_id],
  );
  return [...new Set([BASE, ...rows.map(({ locale }) => locale)])].sort();
}

/**
 * A translation with every section and category of the draft and of the live document; null where a text is not
 * translated. Throws `AppError` where there is none.
 */
export async function getTranslation(
  db: Queryable,
  workspace_id: number,
  locale: string,
): Promise<Translation> {
  const stored = (await load(db, workspace_id, [locale])).get(locale);
  if (stored === undefined && locale !== BASE) throw notFound(locale);
  return withKnownSlugs(db, workspace_id, stored ?? { sections: {}, categories: {} });
}

/** Changes the texts that are sent and keeps all others; null takes one away. */
export async function saveTranslation(
  tx: Queryable,
  workspace_id: number,
  locale: string,
  edit: TranslationEdit,
): Promise<Translation> {
  // Two edits at once: the second waits here, and adds to what the first stored.
  await tx.query(
    `insert into category_translation (workspace_id, locale, sections, categories) values ($1, $2, '{}', '{}')
     on conflict (workspace_id, locale) do update set updated_at = now()`,
    [workspace_id, locale],
  );
  const stored = (await load(tx, workspace_id, [locale])).get(locale);
  const next = {
    sections: merge(stored?.sections ?? {}, edit.sections ?? {}),
    categories: merge(stored?.categories ?? {}, edit.categories ?? {}),
  };
  await tx.query(
    `update category_translation set sections = $3, categories = $4, updated_at = now()
      where workspace_id = $1 and locale = $2`,
    [workspace_id, locale, storableJson(next.sections), storableJson(next.categories)],
  );
  return withKnownSlugs(tx, workspace_id, next);
}

/** Throws `AppError` where there is none. */
export async function deleteTranslation(tx: Queryable, workspace_id: number, locale: string): Promise<void> {
  const gone = await tx.query(
    "delete from category_translation where workspace_id = $1 and locale = $2 returning 1",
    [workspace_id, locale],
  );
  if (gone.length === 0) throw notFound(locale);
}

/** The texts of a section or category in one language; what has no slug is never translated. */
export type Translate = (kind: Kind, slug: string | null, base: Text) => Text;

/**
 * Looks each text up in the locale (`es-AR`), its language (`es`), English, and the document. Null: the document's own
 * texts.
 */
export async function loadTranslate(
  db: Queryable,
  workspace_id: number,
  locale: string | null,
): Promise<Translate> {
  const chain = locale === null ? [] : [...new Set([...localeChain(locale), BASE])];
  const stored = chain.length === 0 ? new Map<string, Translation>() : await load(db, workspace_id, chain);
  const layers = chain.flatMap((one) => stored.get(one) ?? []);
  return (kind, slug, base) => {
    const texts = layers.flatMap((layer) => {
      return slug !== null && Object.hasOwn(layer[kind], slug) ? (layer[kind][slug] ?? []) : [];
    });
    const find = (field: keyof Text) => texts.find((one) => one[field] !== null)?.[field] ?? base[field];
    return { name: find("name"), description: find("description") };
  };
}

async function load(
  db: Queryable,
  workspace_id: number,
  locales: readonly string[],
): Promise<Map<string, Translation>> {
  const rows = await db.query<Translation & { locale: string }>(
    "select locale, sections, categories from category_translation where workspace_id = $1 and locale = any($2)",
    [workspace_id, locales],
    "category_translation_load",
  );
  return new Map(rows.map(({ locale, ...translation }) => [locale, translation]));
}

function merge(stored: Record<string, Text>, edit: NonNullable<TranslationEdit[Kind]>): Record<string, Text> {
  const merged = new Map(Object.entries(stored));
  for (const [slug, text] of Object.entries(edit)) {
    const before = text === null ? undefined : merged.get(slug);
    const pick = (field: keyof Text) => (text?.[field] === undefined ? before?.[field] : text[field]) || null;
    const after = { name: pick("name"), description: pick("description") };
    if (after.name === null && after.description === null) merged.delete(slug);
    else merged.set(slug, after);
  }
  return Object.fromEntries(merged);
}

async function withKnownSlugs(
  db: Queryable,
  workspace_id: number,
  { sections, categories }: Translation,
): Promise<Translation> {
  const { draft, active } = await readCurrent(db, workspace_id);
  const known = [active, draft].flatMap((document) => (document === undefined ? [] : sectionsOf(document)));
  const blanks = (slugs: (string | null)[]) =>
    slugs.flatMap((slug): [string, Text][] =>
      slug === null ? [] : [[slug, { name: null, description: null }]],
    );
  return {
    sections: Object.fromEntries([...blanks(known.map(({ slug }) => slug)), ...Object.entries(sections)]),
    categories: Object.fromEntries([
      ...blanks(known.flatMap((section) => section.categories.map(({ slug }) => slug))),
      ...Object.entries(categories),
    ]),
  };
}

function notFound(locale: string): AppError {
  return new AppError("not_found", `translation not found for locale: ${locale}`);
}
