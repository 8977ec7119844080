import { getLocale } from "../messages/locale.ts";
import { useSettings } from "../shell/settings.ts";

/** An instant in the time that the reader chose; the title has it in full, with the other zone. */
export function Time({ at, seconds = false }: { at: string | null; seconds?: boolean }) {
  const { zone } = useSettings();
  if (at === null) return <span className="soft">–</span>;
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return <span>{at}</span>;
  return (
    <time dateTime={at} title={`${inFull(date, "mine")} · ${inFull(date, "utc")}`}>
      {short(date, zone, seconds)}
    </time>
  );
}

function short(date: Date, zone: "mine" | "utc", seconds: boolean): string {
  const timeZone = zone === "utc" ? { timeZone: "UTC" } : {};
  const day = (one: Date) =>
    new Intl.DateTimeFormat("en-CA", { dateStyle: "short", ...timeZone }).format(one);
  const time = new Intl.DateTimeFormat(getLocale(), {
    hour: "2-digit",
    minute: "2-digit",
    ...(seconds ? { second: "2-digit", fractionalSecondDigits: 3 as const } : { second: "2-digit" }),
    hourCycle: "h23",
    ...timeZone,
  }).format(date);
  const now = new Date();
  if (day(date) === day(now)) return time;
  const thisYear = day(date).slice(0, 4) === day(now).slice(0, 4);
  const date_text = new Intl.DateTimeFormat(getLocale(), {
    day: "numeric",
    month: "short",
    ...(thisYear ? {} : { year: "numeric" }),
    ...timeZone,
  }).format(date);
  return seconds ? `${date_text} ${time}` : `${date_text} ${time.slice(0, 5)}`;
}

function inFull(date: Date, zone: "mine" | "utc"): string {
  return new Intl.DateTimeFormat(getLocale(), {
    dateStyle: "medium",
    timeStyle: "long",
    hourCycle: "h23",
    ...(zone === "utc" ? { timeZone: "UTC" } : {}),
  }).format(date);
}

/** How long between two instants: `12 ms`, `3.4 s`, `5 min`, `2 d`. */
export function lengthBetween(from: string, to: string): string {
  const ms = Math.max(0, new Date(to).getTime() - new Date(from).getTime());
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 86_400_000) return `${(ms / 3_600_000).toFixed(1)} h`;
  return `${(ms / 86_400_000).toFixed(1)} d`;
}
