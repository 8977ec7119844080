import * as fc from "fast-check";
import moment from "moment-timezone";
import { describe, expect, it } from "vitest";
import { createTemplateEngine } from "../engine.ts";

const engine = createTemplateEngine();
const template = engine.compile("{{{datetime-format date format zone}}}");

describe("datetime-format", () => {
  it("prints every format as moment itself does", () => {
    const token = fc.constantFrom(
      ..."YYYY YY Y Q Qo M Mo MM MMM MMMM D Do DD DDD DDDo DDDD d do dd ddd dddd e E w wo ww W Wo WW".split(
        " ",
      ),
      ..."gg gggg GG GGGG H HH h hh k kk m mm s ss S SSS SSSSSS a A x X z zz Z ZZ hmm Hmmss N y b T".split(
        " ",
      ),
      ..."- : , [at] [a\u00a0[x] ] \\D \\MMM \\[ é 😀 <".split(" "),
      ..." LT | LTS | L | LL | LLL | LLLL | l | ll | lll | llll | ".split("|"),
    );
    const dates = fc.date({ min: new Date("0100-01-01"), max: new Date("2500-01-01"), noInvalidDate: true });
    const zones = fc.constantFrom(
      "UTC",
      "Asia/Kolkata",
      "America/New_York",
      "Europe/London",
      "Pacific/Auckland",
    );
    fc.assert(
      fc.property(dates, fc.array(token, { minLength: 1, maxLength: 8 }), zones, (date, tokens, zone) => {
        const format = tokens.join("");
        const theirs = moment.utc(date).locale("en").tz(zone).format(format);
        expect(template.render({ date: date.getTime(), format, zone })).toBe(theirs);
      }),
      { numRuns: 1000 },
    );
  });

  it("takes no date, format or zone of any length", () => {
    const long = "Y".repeat(100_000);
    const valid = { date: "2026-01-01", format: "YYYY", zone: "UTC" };
    expect(template.render(valid)).toBe("2026");
    for (const key of ["date", "format", "zone"]) {
      expect(() => template.render({ ...valid, [key]: long })).toThrow(/^datetime-format: /);
    }
  });

  it("is English whatever the locale of the process", () => {
    const before = moment.locale();
    moment.defineLocale("x-test", { months: Array.from({ length: 12 }, (_, index) => `month${index}`) });
    try {
      expect(moment.utc(0).format("MMMM")).toBe("month0");
      expect(template.render({ date: 0, format: "MMMM", zone: "" })).toBe("January");
    } finally {
      moment.locale(before);
    }
  });
});
