import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { accentOf, contrast, DARK_PAGE, LIGHT_PAGE, READABLE } from "./colors.ts";

const colors = fc
  .integer({ min: 0, max: 0xffffff })
  .map((value) => `#${value.toString(16).padStart(6, "0")}`);

describe("a tenant's colour", () => {
  it("can be read on the page, and what is written on it too, whatever it is", () => {
    fc.assert(
      fc.property(colors, (color) => {
        const { light, on_light, dark, on_dark } = accentOf(color);
        for (const [one, other] of [
          [light, LIGHT_PAGE],
          [light, on_light],
          [dark, DARK_PAGE],
          [dark, on_dark],
        ] as const) {
          expect(contrast(one, other)).toBeGreaterThanOrEqual(READABLE);
        }
      }),
    );
  });

  it.each([
    ["#2457d6", { light: "#2457d6", on_light: "#ffffff" }],
    ["#000000", { light: "#000000", on_light: "#ffffff" }],
    ["#ffd400", { dark: "#ffd400", on_dark: "#000000" }],
  ])("%s stays as it is where it can be read", (color, accent) => {
    expect(accentOf(color)).toMatchObject(accent);
  });

  it.each([[null], [""], ["red"], ["#fff"], ["#12345g"], ['"><script>']])(
    "%j stands for our own",
    (color) => {
      expect(accentOf(color)).toEqual(accentOf("#2457d6"));
    },
  );

  it("has the contrast that the guidelines compute", () => {
    expect(contrast("#ffffff", "#000000")).toBeCloseTo(21, 5);
    expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.48, 2);
  });
});
