import { expect, it } from "vitest";
import { microsOffset, microsZ, millisZ, orNull } from "./wire-time.ts";

const AT = new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 60));

it("prints each family's style, in UTC and with all its digits", () => {
  expect(microsOffset(AT)).toBe("2026-01-02T03:04:05.060000+00:00");
  expect(microsZ(AT)).toBe("2026-01-02T03:04:05.060000Z");
  expect(millisZ(AT)).toBe("2026-01-02T03:04:05.060Z");
  expect(microsZ(new Date(0))).toBe("1970-01-01T00:00:00.000000Z");
});

it("keeps null", () => {
  expect(orNull(microsZ, null)).toBeNull();
  expect(orNull(microsZ, AT)).toBe(microsZ(AT));
});
