import { describe, expect, it } from "vitest";
import type { Condition } from "./conditions/conditions.ts";
import { is } from "../../test/conditions.ts";
import { selectVariant, shelve, type Variant } from "./variants.ts";

const plan = (value: string): Condition[] => [is("plan", value, "$recipient")];

const variant = (
  id: string,
  tenant_id: string | null,
  locale: string,
  conditions: Condition[] = [],
): Variant => ({
  id,
  tenant_id,
  locale,
  conditions,
});

/** In order. */
const worked = [
  variant("default", null, "en"),
  variant("pro", null, "en", plan("pro")),
  variant("default-es", null, "es"),
  variant("acme", "acme", "en"),
  variant("acme-es", "acme", "es"),
  variant("acme-pro-es", "acme", "es", plan("pro")),
];

function pick(variants: Variant[], tenant: string, locale: string | null, plan = "free"): string | undefined {
  return select(variants, tenant, locale, plan).variant?.id;
}

function select(variants: Variant[], tenant: string, locale: string | null, plan = "free") {
  const scope = { namespaces: { "": {}, $recipient: { plan } }, now: new Date("2026-11-20T00:00:00Z") };
  return selectVariant(shelve(variants), tenant, locale, scope);
}

describe("the variant for a recipient", () => {
  it.each([
    ["default", "en", "free", "default"],
    ["default", "en", "pro", "pro"],
    // The bucket of the exact locale is checked before that of the default locale.
    ["default", "es", "pro", "default-es"],
    ["default", "fr", "pro", "pro"],
    ["default", "es-MX", "free", "default-es"],
    // In one bucket the first that holds wins.
    ["acme", "es", "pro", "acme-es"],
    // A tenant's own variant in the default locale precedes any of the default tenant.
    ["acme", "fr", "pro", "acme"],
    ["other", "es", "free", "default-es"],
    ["acme", "en", "free", "acme"],
    ["acme", "es-AR", "free", "acme-es"],
    ["other", "fr", "free", "default"],
  ])("of tenant %s with locale %s on plan %s is %s", (tenant, locale, plan, id) => {
    expect(pick(worked, tenant, locale, plan)).toBe(id);
  });

  it("follows the order of the list inside tenant and locale", () => {
    const [first, ...rest] = [...worked].reverse();
    expect(first?.id).toBe("acme-pro-es");
    expect(pick([first as Variant, ...rest], "acme", "es", "pro")).toBe("acme-pro-es");
    expect(pick([first as Variant, ...rest], "acme", "es", "free")).toBe("acme-es");
  });

  it.each([
    ["es_MX", "es-mx"],
    ["ES-mx", "es_MX"],
    ["es-MX", "ES-MX"],
  ])("with locale %s finds the variant written as %s", (wanted, written) => {
    const variants = [
      variant("default", null, "en"),
      variant("es", null, "es"),
      variant("mx", null, written),
    ];
    expect(pick(variants, "default", wanted)).toBe("mx");
  });

  it("without a locale is that of the default variant's", () => {
    const variants = [
      variant("default", null, "de"),
      variant("en", null, "en"),
      variant("pro", null, "de", plan("pro")),
    ];
    expect(pick(variants, "default", null, "pro")).toBe("pro");
    expect(pick(variants, "default", null, "free")).toBe("default");
    expect(pick(variants, "default", "en", "pro")).toBe("en");
  });

  it("is the only one there is, whatever it asks for", () => {
    expect(pick([variant("lonely", "acme", "es", plan("pro"))], "other", "fr")).toBe("lonely");
  });

  it("is the first when none is called default and nothing matches", () => {
    expect(pick([variant("a", "acme", "es"), variant("b", "acme", "fr")], "other", "it")).toBe("a");
  });

  it("is none where there are none", () => {
    expect(pick([], "default", "en")).toBeUndefined();
  });

  it("says which locales were tried, and which variants of the place were passed over", () => {
    const variants = worked.toReversed();
    expect(select(variants, "acme", "es-MX", "free")).toMatchObject({
      variant: { id: "acme-es" },
      locales: ["es-mx", "es", "en"],
      passed: [{ id: "acme-pro-es", why: "conditions" }],
    });
  });

  describe("while some wait for a vendor's approval", () => {
    const waiting = (given: Variant): Variant => ({ ...given, is_sendable: false });

    it("is the next one that fits", () => {
      const variants = worked.map((one) => (one.id === "acme-es" ? waiting(one) : one));
      expect(pick(variants, "acme", "es", "pro")).toBe("acme-pro-es");
      expect(select(variants, "acme", "es", "free")).toMatchObject({
        variant: { id: "acme" },
        passed: [
          { id: "acme-es", why: "approval" },
          { id: "acme-pro-es", why: "conditions" },
        ],
      });
    });

    it("is none where only the default is left, and that waits", () => {
      const variants = worked.map((one) => (one.id === "default" ? waiting(one) : one));
      expect(select(variants, "other", "en", "free")).toMatchObject({
        variant: null,
        passed: [
          { id: "pro", why: "conditions" },
          { id: "default", why: "approval" },
        ],
      });
      expect(pick(variants, "other", "es", "free")).toBe("default-es");
    });
  });

  it("is found among hundreds without looking at those of other places", () => {
    const places = Array.from({ length: 20 }, (_tenant, tenant) =>
      ["en", "es", "fr", "de", "it"].flatMap((locale) =>
        ["a", "b"].map((id) => variant(`${tenant}-${locale}-${id}`, `t${tenant}`, locale, plan("pro"))),
      ),
    ).flat();
    const variants = [variant("default", null, "en"), ...places];
    expect(select(variants, "t7", "fr", "free")).toMatchObject({
      variant: { id: "default" },
      passed: ["7-fr-a", "7-fr-b", "7-en-a", "7-en-b"].map((id) => ({ id, why: "conditions" })),
    });
    expect(pick(variants, "t7", "fr", "pro")).toBe("7-fr-a");
  });

  it.each(["__proto__", "constructor", ""])("of a locale or tenant called %j is the default", (name) => {
    expect(pick(worked, name, name)).toBe("default");
  });
});
