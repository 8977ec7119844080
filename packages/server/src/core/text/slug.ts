/** Everything that a slug in plain letters cannot have. */
const NOT_PLAIN = /[^a-z0-9_]+/g;

/** The same for slugs in any script: names in Japanese must not all come to nothing. */
export const NOT_A_LETTER = /[^\p{Letter}\p{Mark}\p{Number}_]+/gu;

/**
 * A name in lower case, without accents, its words joined by hyphens: `Weekly Résumé!` → `weekly-resume`. Empty if
 * nothing usable is left.
 */
export function slugOf(name: string, unusable: RegExp = NOT_PLAIN): string {
  return withoutAccents(name)
    .replaceAll(unusable, "-")
    .replaceAll(/^-+|-+$/g, "");
}

/** Marks of scripts in which a letter without them is still that letter; elsewhere it would be another one. */
const ACCENTS = /(?<=[\p{Script=Latin}\p{Script=Greek}])\p{Mark}+/gu;

/** In lower case, Latin and Greek letters without their marks. */
export function withoutAccents(text: string): string {
  return text.normalize("NFKD").replaceAll(ACCENTS, "").normalize("NFC").toLowerCase();
}
