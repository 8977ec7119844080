import { z } from "zod";
import { canonicalLocale } from "../../../../core/text/locale.ts";
import { AppError } from "../../../../errors.ts";

const texts = z.record(
  z.string(),
  z.object({ name: z.string().nullable(), description: z.string().nullable() }),
);

export const TRANSLATION_EXAMPLE = {
  sections: { "task-updates": { name: "Actualizaciones de tareas", description: null } },
  categories: {
    "tagged-to-me": { name: "Mis menciones", description: "Novedades y menciones en mis tareas" },
  },
};

/** The translation of a workspace's sections and categories into one language, by their slugs. */
export const translationShape = z
  .object({ sections: texts, categories: texts })
  .describe("Every section and category; null where a text is not translated.")
  .meta({ examples: [TRANSLATION_EXAMPLE] });

export const localeParams = z.object({
  locale: z.string().describe("A language with or without a region: `es`, `es-AR`."),
});

/** In the spelling by which it is stored. Refuses what names no language. */
export function readLocale({ locale }: z.output<typeof localeParams>): string {
  const canonical = canonicalLocale(locale);
  if (canonical === null) {
    throw new AppError("invalid_request_error", `invalid/unsupported locale: '${locale}'`);
  }
  return canonical;
}
