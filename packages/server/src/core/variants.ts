import { type Condition, evaluateConditions, type ConditionScope } from "./conditions/conditions.ts";

/**
 * Which variant of a channel a recipient gets: the most specific tenant and locale first, among these the first whose
 * conditions hold; the variant `default` when nothing matches. Tenant and locale are soft (they fall back), conditions
 * are hard (the variant is skipped). Source: templates.md 4.
 */
export interface Variant {
  id: string;
  tenant_id: string | null;
  locale: string;
  conditions: Condition[];
  /** False while its content waits for a vendor's approval, and it never had another. Absent: true. */
  is_sendable?: boolean;
}

/** A channel's variants, arranged once for many selections. */
export interface VariantShelf<V extends Variant> {
  /** In order. */
  variants: readonly V[];
  /** The last resort: `default`, or the first where a partial commit left that out. */
  fallback: V | null;
  /** The others by tenant and locale, each list in order. */
  byPlace: ReadonlyMap<string, readonly V[]>;
}

export interface Selection<V> {
  /** Null: the last resort cannot be sent, or there is none. */
  variant: V | null;
  /** The variants of the right tenant and locale that came before it, and why they were passed over. */
  passed: { id: string; why: "conditions" | "approval" }[];
  /** The locales that were tried, in order. */
  locales: string[];
}

/** `variants` are one channel's, in order. */
export function shelve<V extends Variant>(variants: readonly V[]): VariantShelf<V> {
  const fallback = variants.find(({ id }) => id === "default") ?? variants[0] ?? null;
  const others = variants.filter((variant) => variant !== fallback);
  const byPlace = Map.groupBy(others, ({ tenant_id, locale }) => placeOf(tenant_id, normalizeLocale(locale)));
  return { variants, fallback, byPlace };
}

export function selectVariant<V extends Variant>(
  { fallback, byPlace }: VariantShelf<V>,
  tenant_id: string,
  locale: string | null,
  scope: ConditionScope,
): Selection<V> {
  const passed: Selection<V>["passed"] = [];
  if (fallback === null) return { variant: null, passed, locales: [] };
  const locales = localeChain(locale, fallback.locale);
  if (byPlace.size > 0) {
    for (const tenant of [tenant_id, null]) {
      for (const wanted of locales) {
        for (const variant of byPlace.get(placeOf(tenant, wanted)) ?? []) {
          if (!evaluateConditions(variant.conditions, scope).result) {
            passed.push({ id: variant.id, why: "conditions" });
          } else if (variant.is_sendable === false) {
            passed.push({ id: variant.id, why: "approval" });
          } else {
            return { variant, passed, locales };
          }
        }
      }
    }
  }
  if (fallback.is_sendable !== false) return { variant: fallback, passed, locales };
  passed.push({ id: fallback.id, why: "approval" });
  return { variant: null, passed, locales };
}

/** No tenant has a name with a slash. */
function placeOf(tenant_id: string | null, locale: string): string {
  return tenant_id === null ? `/${locale}` : `${tenant_id}/${locale}`;
}

/** Looks for `es-MX` as `es-mx`, then `es`, then the default variant's locale. */
function localeChain(locale: string | null, fallback: string): string[] {
  const wanted = normalizeLocale(locale ?? fallback);
  return [...new Set([wanted, wanted.split("-")[0] ?? wanted, normalizeLocale(fallback)])];
}

function normalizeLocale(locale: string): string {
  return locale.toLowerCase().replaceAll("_", "-");
}
