/** Everything that a slug in plain letters cannot have. */
const NOT_PLAIN = /[^a-z0-9_]+/g;

/** The same for slugs in any script: names in Japanese must not all come to nothing. */
export const NOT_A_LETTER = /[^\p{Letter}\p{Number}_]+/gu;

/**
 * A name in lower case, without accents, its words joined by hyphens: `Weekly Résumé!` → `weekly-resume`. Empty if
 * nothing usable is left.
 */
export function slugOf(name: string, unusable: RegExp = NOT_PLAIN): string {
  return withoutAccents(name)
    .replaceAll(unusable, "-")
    .replaceAll(/^-+|-+$/g, "");
}

/** In lower case, letters without their marks. */
export function withoutAccents(text: string): string {
  return text
    .normalize("NFKD")
    .replaceAll(/\p{Mark}+/gu, "")
    .toLowerCase();
}
