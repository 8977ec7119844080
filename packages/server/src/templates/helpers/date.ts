import moment from "moment-timezone";
import { type DescribedHelpers, expectCount, HelperError, kindOf } from "../helper.ts";
import { plainValue } from "../print.ts";

/** Dates in moment's format, always in English. */
export const dateHelpers = {
  // A missing or empty zone is UTC: a profile without one must not cost the message.
  "datetime-format": {
    usage: "datetime-format date format [zone]",
    summary:
      'The date in a format of [moment](https://momentjs.com/docs/#/displaying/format/), in English. A date is a text in ISO 8601 or RFC 2822, a number of milliseconds since 1970, or `"now"`. The zone is an IANA name; without one it is UTC. What is no date is refused.',
    examples: [
      ['{{datetime-format date "ddd, MMM Do YYYY, h:mm a"}}', "Tue, Sep 26th 2023, 12:00 am"],
      ['{{datetime-format date "Do MMMM, YYYY" "America/Chicago"}}', "25th September, 2023"],
      ['{{datetime-format "2023-09-26T10:00:00+05:30" "HH:mm Z"}}', "04:30 +00:00"],
      ['{{datetime-format "now" "YYYY"}}', "2026"],
    ],
    run: (args, { now }) => {
      expectCount(args, 2, 3);
      const [value, format, zone] = args.map(plainValue);
      if (typeof format !== "string" || format === "")
        throw new HelperError(`expects a format, got ${kindOf(format)}`);
      if (format.length > MAX_FORMAT)
        throw new HelperError(`the format is longer than ${MAX_FORMAT} characters`);
      return formatTokens(inZone(parseDate(value, now), zone), format);
    },
  },
} satisfies DescribedHelpers;

const MAX_DATE = 100;
const MAX_FORMAT = 500;

function parseDate(value: unknown, now: Date): moment.Moment {
  const date =
    value === "now"
      ? moment.utc(now)
      : typeof value === "number"
        ? moment.utc(value)
        : typeof value === "string" && value.length <= MAX_DATE
          ? moment.utc(value, [moment.ISO_8601, moment.RFC_2822], true)
          : null;
  if (date === null) throw new HelperError(`expects a date, got ${kindOf(value)}`);
  if (!date.isValid()) throw new HelperError(`"${String(value)}" is not a date`);
  return date.locale("en");
}

function inZone(date: moment.Moment, zone: unknown): moment.Moment {
  if (zone === undefined || zone === null || zone === "") return date;
  if (typeof zone !== "string") throw new HelperError(`expects a time zone, got ${kindOf(zone)}`);
  if (zone.length > MAX_DATE || moment.tz.zone(zone) === null)
    throw new HelperError("the time zone is not known");
  return date.tz(zone);
}

/** Moment's own grammar: localised tokens are expanded first; text in brackets and after a backslash is literal. */
const LOCALISED = /\[[^[]*\]|\\?(?:LTS|LT|LL?L?L?|l{1,4})/g;
const TOKENS =
  /\[([^[]*)\]|(\\)?(eHHmm|[Hh]mm(?:ss)?|Mo|MM?M?M?|Do|DDDo|DD?D?D?|ddd?d?|do?|w[o|w]?|W[o|W]?|Qo?|N{1,5}|YYYYYY|YYYYY|YYYY|YY|y{2,4}|yo?|gg(?:ggg?)?|GG(?:GGG?)?|e|E|a|A|hh?|HH?|kk?|mm?|ss?|S{1,9}|x|X|zz?|ZZ?|[^])/g;
/** An L that is left by now is literal, and must not be expanded after all. */
const LETTER = /^[A-KM-Za-km-z]/;

/**
 * Token by token, because moment caches a function for every format that it has ever seen, and a format can come from
 * the data. There are only a few tokens.
 */
function formatTokens(date: moment.Moment, format: string): string {
  const names = date.localeData();
  const written = format.replace(
    LOCALISED,
    (token) => names.longDateFormat(token as moment.LongDateFormatKey) || token,
  );
  return written.replace(TOKENS, (_, literal?: string, escape?: string, token = "") => {
    if (literal !== undefined) return literal;
    return escape === undefined && LETTER.test(token) ? date.format(token) : token;
  });
}
