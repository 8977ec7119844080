import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../core/json.ts";
import {
  type CategoryDocument,
  categoryDocumentSchema,
  categoryProblems,
  EMPTY_DOCUMENT,
  flattenCategories,
} from "./category-document.ts";

const one = (more: JsonObject = {}): JsonObject => ({
  category: "news",
  name: "News",
  default_preference: "opt_in",
  ...more,
});

const inPromotional = (...categories: JsonObject[]): JsonObject => ({
  root_categories: [{ root_category: "promotional", sections: [{ name: "Product", categories }] }],
});

const parse = (value: unknown): CategoryDocument => categoryDocumentSchema.parse(value);
const facts = { published: new Set<string>(), used: new Set<string>() };
const problemsOf = (...categories: JsonObject[]) =>
  categoryProblems(parse(inPromotional(...categories)), facts);

/** Paths of refused fields. */
function refusedAt(value: unknown): string[] {
  const parsed = categoryDocumentSchema.safeParse(value);
  return parsed.success ? [] : parsed.error.issues.map(({ path }) => path.join("."));
}

describe("a category document", () => {
  it("has all three roots, most urgent first, whatever was sent", () => {
    const document = parse({
      root_categories: [
        { root_category: "promotional", sections: [{ categories: [one()] }] },
        { root_category: "system" },
      ],
    });
    expect(
      document.root_categories.map(({ root_category, sections }) => [root_category, sections.length]),
    ).toEqual([
      ["system", 0],
      ["transactional", 0],
      ["promotional", 1],
    ]);
    expect(parse({ root_categories: [] })).toEqual(EMPTY_DOCUMENT);
  });

  it("takes back what it answers, with what else a reply carries", () => {
    const document = parse(inPromotional(one({ tags: ["a"], default_opt_in_channels: ["sms", "sms"] })));
    expect(parse({ $schema: "https://example.com", version_no: 3, status: "draft", ...document })).toEqual(
      document,
    );
    expect(document.root_categories[2]?.sections[0]?.categories).toEqual([
      {
        category: "news",
        name: "News",
        description: null,
        default_preference: "opt_in",
        default_mandatory_channels: null,
        default_opt_in_channels: ["sms"],
        tags: ["a"],
        digest_schedule: null,
        properties: null,
      },
    ]);
  });

  it.each<[string, Json]>([
    ["root_categories", {}],
    ["root_categories", { root_categories: "all" }],
    ["root_categories.0.root_category", { root_categories: [{ root_category: "marketing" }] }],
    ["root_categories.0.sections", { root_categories: [{ root_category: "system", sections: {} }] }],
  ])("is refused at %s where that is not what it should be", (path, value) => {
    expect(refusedAt(value)).toEqual([path]);
  });

  it.each<[string, JsonObject]>([
    ["category", { category: "News" }],
    ["category", { category: "" }],
    ["category", { category: "a--b" }],
    ["category", { category: "__proto__" }],
    ["category", { category: "nyhetsbrev-å" }],
    ["category", { category: "a".repeat(256) }],
    ["name", { name: "" }],
    ["name", { name: null }],
    ["default_preference", { default_preference: "mandatory" }],
    ["default_mandatory_channels.0", { default_mandatory_channels: ["fax"] }],
    ["default_opt_in_channels", { default_opt_in_channels: "email" }],
    ["tags.1", { tags: ["ok", "Not ok"] }],
    [
      "digest_schedule.options.0.frequency",
      { digest_schedule: { options: [{ label: "x", frequency: "yearly" }] } },
    ],
    ["properties.0.key", { properties: [{ key: "1st", label: "", value_type: "string" }] }],
  ])("refuses a category by its %s (%#)", (path, more) => {
    expect(refusedAt(inPromotional(one(more)))).toEqual([
      `root_categories.0.sections.0.categories.0.${path}`,
    ]);
  });

  it.each(["a", "a-b", "a_b-c", "constructor", "2fa", "a".repeat(255)])("takes the slug %s", (category) => {
    expect(refusedAt(inPromotional(one({ category })))).toEqual([]);
  });
});

describe("the categories of a document", () => {
  it("know their root, their section and its tags", () => {
    const document = parse({
      root_categories: [
        { root_category: "transactional", sections: [{ categories: [one({ category: "orders" })] }] },
        {
          root_category: "system",
          sections: [
            {
              name: "Überblick",
              tags: ["z", "a"],
              categories: [one({ category: "login", tags: ["m", "a"] })],
            },
          ],
        },
      ],
    });
    expect(
      flattenCategories(document).map(({ slug, root_category, section, effective_tags, is_root }) => ({
        slug,
        root_category,
        section,
        effective_tags,
        is_root,
      })),
    ).toEqual([
      {
        slug: "login",
        root_category: "system",
        section: "Überblick",
        effective_tags: ["a", "m", "z"],
        is_root: false,
      },
      { slug: "orders", root_category: "transactional", section: null, effective_tags: [], is_root: false },
    ]);
  });
});

describe("what keeps a document from being committed", () => {
  it("is nothing in a sound one", () => {
    expect(problemsOf(one(), one({ category: "constructor" }))).toEqual([]);
    expect(categoryProblems(EMPTY_DOCUMENT, facts)).toEqual([]);
  });

  it("is a slug that is there twice or is a root's", () => {
    expect(problemsOf(one(), one(), one({ category: "system" }))).toEqual([
      "category 'news': is there twice",
      "category 'system': is the name of a root category",
    ]);
  });

  it("is the loss of a published category that a live workflow names, and no other", () => {
    const published = new Set(["b", "a", "unused", "news"]);
    const used = new Set(["b", "a", "news", "never-published", "system"]);
    expect(categoryProblems(parse(inPromotional(one())), { published, used })).toEqual([
      'it seems some subcategories have been deleted in this version, on which active workflows are configured. missing subcategories: ["a" "b"]',
    ]);
  });

  it.each<[string, JsonObject[]]>([
    [
      "digest_schedule.options: exactly one must have is_default, 0 have",
      [{ label: "A", frequency: "daily" }],
    ],
    [
      "digest_schedule.options: exactly one must have is_default, 2 have",
      [
        { label: "A", frequency: "daily", is_default: true },
        { label: "B", frequency: "weekly", is_default: true },
      ],
    ],
    [
      "digest_schedule.options[1].id: 'every-day' is there twice",
      [
        { label: "Every day!", frequency: "daily", is_default: true },
        { id: "every-day", label: "B", frequency: "weekly" },
      ],
    ],
  ])("is a digest schedule where %s", (problem, options) => {
    expect(problemsOf(one({ digest_schedule: { options } }))).toEqual([`category 'news': ${problem}`]);
  });

  it.each<[string, JsonObject]>([
    ["default_value: is a required field", { value_type: "string" }],
    ["default_value: must be an integer", { value_type: "integer", default_value: 1.5 }],
    ["default_value: must be a string", { value_type: "string_dynamic", default_value: 5 }],
    ["default_value: must be an array of strings", { value_type: "list_dynamic", default_value: "a" }],
    ["choices: is a required field", { value_type: "string_choice", is_optional: true }],
    [
      "default_value: must be one of ['a' 'b']",
      {
        value_type: "list_choice",
        default_value: ["a", "c"],
        choices: [
          { value: "a", label: "A" },
          { value: "b", label: "B" },
        ],
      },
    ],
  ])("is a property where %s", (problem, property) => {
    expect(problemsOf(one({ properties: [{ key: "limit", label: "Limit", ...property }] }))).toEqual([
      `category 'news': properties[0].${problem}`,
    ]);
  });
});
