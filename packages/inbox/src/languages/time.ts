/** Points in time as people say them. All times are epoch milliseconds; days are those of the browser's time zone. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "5 min. ago" within the hour, "3 hr. ago" within the day, then the date. */
export function ago(locale: string, at: number, now: number): string {
  const since = Math.max(0, now - at);
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });
  if (since < MINUTE) return relative.format(0, "second");
  if (since < HOUR) return relative.format(-Math.floor(since / MINUTE), "minute");
  if (since < DAY) return relative.format(-Math.floor(since / HOUR), "hour");
  const isThisYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return new Intl.DateTimeFormat(locale, {
    month: "short",
    day: "numeric",
    ...(isThisYear ? {} : { year: "numeric" }),
  }).format(at);
}

/** The whole of it: "Nov 30, 2026, 7:24 PM". */
export function moment(locale: string, at: number): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" }).format(at);
}

/** "Tue, 9:00 AM": for what is less than a week away. */
export function soon(locale: string, at: number): string {
  return new Intl.DateTimeFormat(locale, { weekday: "short", hour: "numeric", minute: "2-digit" }).format(at);
}

/** Whole days from one point in time to the other, by the calendar. */
export function daysBetween(from: number, to: number): number {
  return Math.round((new Date(to).setHours(0, 0, 0, 0) - new Date(from).setHours(0, 0, 0, 0)) / DAY);
}

/** "Today", "Yesterday", "Monday" within the week, then the date. */
export function dayName(locale: string, at: number, now: number): string {
  const days = daysBetween(now, at);
  if (days > -2) return relativeName(locale, Math.min(0, days), "day");
  const format: Intl.DateTimeFormatOptions =
    days > -7 ? { weekday: "long" } : { year: "numeric", month: "long", day: "numeric" };
  return capital(locale, new Intl.DateTimeFormat(locale, format).format(at));
}

/** "In 3 hours", "Tomorrow", "Next week". */
export function relativeName(locale: string, n: number, unit: Intl.RelativeTimeFormatUnit): string {
  return capital(locale, new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(n, unit));
}

function capital(locale: string, text: string): string {
  return text.charAt(0).toLocaleUpperCase(locale) + text.slice(1);
}

export interface SnoozeChoice {
  n: number;
  unit: "hour" | "day" | "week";
  until: number;
}

/** In three hours, tomorrow at nine, and on Monday at nine. */
export function snoozeChoices(now: number): SnoozeChoice[] {
  const nine = (days: number) => {
    const day = new Date(now);
    day.setDate(day.getDate() + days);
    return day.setHours(9, 0, 0, 0);
  };
  return [
    { n: 3, unit: "hour", until: now + 3 * HOUR },
    { n: 1, unit: "day", until: nine(1) },
    { n: 1, unit: "week", until: nine(8 - (new Date(now).getDay() || 7)) },
  ];
}
