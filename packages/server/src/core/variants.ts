import { type Condition, evaluateConditions, type ConditionScope } from "./conditions/conditions.ts";

/**
 * Which variant of a channel a recipient gets: the most specific tenant and locale first, among these the first whose
 * conditions hold; the variant `default` when nothing matches. Tenant and locale are soft (they fall back), conditions
 * are hard (the variant is skipped).
 */
export interface Variant {
  id: string;
  tenant_id: string | null;
  locale: string;
  conditions: Condition[];
}

/** `variants` are one channel's, in order. Null only when there is no variant at all. */
export function selectVariant<V extends Variant>(
  variants: readonly V[],
  tenant_id: string,
  locale: string | null,
  scope: ConditionScope,
): V | null {
  const fallback = variants.find(({ id }) => id === "default") ?? variants[0] ?? null;
  if (variants.length <= 1 || fallback === null) return fallback;
  for (const tenant of [tenant_id, null]) {
    for (const wanted of localeChain(locale, fallback.locale)) {
      const match = variants.find(
        (variant) =>
          variant !== fallback &&
          variant.tenant_id === tenant &&
          normalizeLocale(variant.locale) === wanted &&
          evaluateConditions(variant.conditions, scope).result,
      );
      if (match !== undefined) return match;
    }
  }
  return fallback;
}

/** Looks for `es-MX` as `es-mx`, then `es`, then the default variant's locale. */
function localeChain(locale: string | null, fallback: string): string[] {
  const wanted = normalizeLocale(locale ?? fallback);
  return [...new Set([wanted, wanted.split("-")[0] ?? wanted, normalizeLocale(fallback)])];
}

function normalizeLocale(locale: string): string {
  return locale.toLowerCase().replaceAll("_", "-");
}
