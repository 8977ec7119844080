import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NOT_A_LETTER, slugOf } from "./slug.ts";

describe("the slug of a name", () => {
  it.each([
    ["Every Monday!", "every-monday"],
    ["  Weekly Résumé  ", "weekly-resume"],
    ["Sous-catégorie", "sous-categorie"],
    ["snake_case", "snake_case"],
    ["ﬁrst №1", "first-no1"],
    ["通知", ""],
    ["!!", ""],
  ])("of %j is %j", (name, slug) => {
    expect(slugOf(name)).toBe(slug);
  });

  it.each([
    ["通知 設定", "通知-設定"],
    ["Счета & Платежи", "счета-платежи"],
    ["Weekly Résumé", "weekly-resume"],
    ["🎉", ""],
    ["バス", "バス"],
    ["ハス", "ハス"],
    ["알림 설정", "알림-설정"],
    ["सूचना", "सूचना"],
    ["Йод", "йод"],
  ])("in any script of %j is %j", (name, slug) => {
    expect(slugOf(name, NOT_A_LETTER)).toBe(slug);
  });

  it("is a slug of itself", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (name) => {
        const slug = slugOf(name);
        expect(slug).toMatch(/^(?:[a-z0-9_]+(?:-[a-z0-9_]+)*)?$/);
        expect(slugOf(slug)).toBe(slug);
      }),
    );
  });
});
