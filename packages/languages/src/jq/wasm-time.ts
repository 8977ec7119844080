/**
 * The calendar that the C program asks its host for. Everything is in UTC: the result of an expression must not
 * depend on where the server is. A `tm` is nine 32-bit fields, then the offset from UTC.
 */
const TM = { sec: 0, min: 1, hour: 2, day: 3, month: 4, year: 5, weekday: 6, yearday: 7, dst: 8, offset: 9 };
const DAY_MS = 86_400_000;
const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
const WEEKDAYS = "sun mon tue wed thu fri sat".split(" ");

/** Writes seconds since the epoch into the fields of a `tm`. */
export function writeTime(tm: Int32Array, seconds: number): void {
  const date = new Date(seconds * 1000);
  tm[TM.sec] = date.getUTCSeconds();
  tm[TM.min] = date.getUTCMinutes();
  tm[TM.hour] = date.getUTCHours();
  tm[TM.day] = date.getUTCDate();
  tm[TM.month] = date.getUTCMonth();
  tm[TM.year] = date.getUTCFullYear() - 1900;
  tm[TM.dst] = 0;
  tm[TM.offset] = 0;
  writeDay(tm, date);
}

/**
 * Reads a `tm` as seconds since the epoch, carrying over fields beyond their range, and sets its days of the week and
 * year.
 */
export function readTime(tm: Int32Array): number {
  const at = (field: number) => tm[field] ?? 0;
  // `Date.UTC` reads the years 0 to 99 as those of the last century.
  const date = new Date(Date.UTC(2000, at(TM.month), at(TM.day), at(TM.hour), at(TM.min), at(TM.sec)));
  date.setUTCFullYear(date.getUTCFullYear() - 2000 + at(TM.year) + 1900);
  writeDay(tm, date);
  return Math.floor(date.getTime() / 1000);
}

function writeDay(tm: Int32Array, date: Date): void {
  tm[TM.weekday] = date.getUTCDay();
  const newYear = new Date(date);
  newYear.setUTCMonth(0, 1);
  newYear.setUTCHours(0, 0, 0, 0);
  tm[TM.yearday] = Math.floor((date.getTime() - newYear.getTime()) / DAY_MS);
}

type Reader = (text: string, tm: Int32Array) => number;

/** Reads a number of at most `digits` digits between the limits. */
function numeric(
  digits: number,
  low: number,
  high: number,
  set: (tm: Int32Array, value: number) => void,
): Reader {
  const pattern = new RegExp(`^\\s*([+-]?\\d{1,${digits}})`);
  return (text, tm) => {
    const found = pattern.exec(text);
    const value = Number(found?.[1]);
    if (found === null || value < low || value > high) return -1;
    set(tm, value);
    return found[0].length;
  };
}

function named(
  names: readonly string[],
  set: (tm: Int32Array, index: number) => void,
  full: readonly string[],
): Reader {
  return (text, tm) => {
    const lower = text.slice(0, 12).toLowerCase();
    const index = names.findIndex((name) => lower.startsWith(name));
    if (index === -1) return -1;
    set(tm, index);
    const long = full[index] ?? "";
    return lower.startsWith(long) ? long.length : 3;
  };
}

const field =
  (name: keyof typeof TM, less = 0) =>
  (tm: Int32Array, value: number): void => {
    tm[TM[name]] = value - less;
  };
const weekday = named(
  WEEKDAYS,
  field("weekday"),
  "sunday monday tuesday wednesday thursday friday saturday".split(" "),
);
const month = named(
  MONTHS,
  field("month"),
  "january february march april may june july august september october november december".split(" "),
);

const READERS: Record<string, Reader> = {
  a: weekday,
  A: weekday,
  b: month,
  B: month,
  h: month,
  d: numeric(2, 1, 31, field("day")),
  e: numeric(2, 1, 31, field("day")),
  H: numeric(2, 0, 23, field("hour")),
  k: numeric(2, 0, 23, field("hour")),
  I: numeric(2, 1, 12, (tm, value) => {
    tm[TM.hour] = value % 12;
  }),
  j: numeric(3, 1, 366, field("yearday", 1)),
  m: numeric(2, 1, 12, field("month", 1)),
  M: numeric(2, 0, 59, field("min")),
  p: (text, tm) => {
    const half = /^[ap]m/i.exec(text)?.[0].toLowerCase();
    if (half === "pm") tm[TM.hour] = ((tm[TM.hour] ?? 0) % 12) + 12;
    return half === undefined ? -1 : 2;
  },
  s: numeric(14, -Infinity, Infinity, writeTime),
  S: numeric(2, 0, 60, field("sec")),
  u: numeric(1, 1, 7, (tm, value) => {
    tm[TM.weekday] = value % 7;
  }),
  w: numeric(1, 0, 6, field("weekday")),
  y: numeric(2, 0, 99, (tm, value) => {
    tm[TM.year] = value < 69 ? value + 100 : value;
  }),
  Y: numeric(4, -9999, 9999, field("year", 1900)),
  Z: (text) => /^[A-Za-z]+/.exec(text)?.[0].length ?? -1,
  z: (text, tm) => {
    const found = /^(?:Z|([+-])(\d{2}):?(\d{2}))/.exec(text);
    if (found === null) return -1;
    const seconds = Number(found[2] ?? 0) * 3600 + Number(found[3] ?? 0) * 60;
    tm[TM.offset] = found[1] === "-" ? -seconds : seconds;
    return found[0].length;
  },
  n: (text) => /^\s*/.exec(text)?.[0].length ?? 0,
  t: (text) => /^\s*/.exec(text)?.[0].length ?? 0,
  "%": (text) => (text.startsWith("%") ? 1 : -1),
};
const SHORTHANDS: Record<string, string> = {
  D: "%m/%d/%y",
  F: "%Y-%m-%d",
  R: "%H:%M",
  T: "%H:%M:%S",
  r: "%I:%M:%S %p",
  c: "%a %b %e %H:%M:%S %Y",
  x: "%m/%d/%y",
  X: "%H:%M:%S",
};

/**
 * Writes the fields of a date to the `tm` and gives the length of the text that the format matched, or -1 when it
 * does not match.
 */
export function parseTime(text: string, format: string, tm: Int32Array): number {
  const pattern = format.replaceAll(/%([DFRTrcxX])/g, (_all, name: string) => SHORTHANDS[name] ?? "");
  let used = 0;
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern.charAt(at);
    if (/\s/.test(char)) {
      used += /^\s*/.exec(text.slice(used))?.[0].length ?? 0;
    } else if (char !== "%") {
      if (text.charAt(used) !== char) return -1;
      used++;
    } else {
      // `%E` and `%O` ask for other calendars and digits, which do not exist here.
      if (/[EO]/.test(pattern.charAt(at + 1))) at++;
      const name = pattern.charAt(++at);
      const taken = Object.hasOwn(READERS, name) ? (READERS[name]?.(text.slice(used), tm) ?? -1) : -1;
      if (taken < 0) return -1;
      used += taken;
    }
  }
  return used;
}
