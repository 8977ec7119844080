import { Temporal } from "temporal-polyfill";
import { z } from "zod";

/*
 * Time zones: which one a node works in, and the way between instants and wall clocks. Zones are tzdata's, as the
 * runtime ships it; Temporal keeps what it has worked out about each, so that a conversion costs 2 to 4 µs.
 *
 * Inside this room an instant is milliseconds since 1970 in UTC. A wall time is what the clock on the wall shows,
 * counted in milliseconds as if that clock were UTC: calendar arithmetic on it is plain arithmetic.
 */

/** Longer than any name in tzdata. */
const MAX_NAME = 40;

/**
 * The zone a text names, case folded to tzdata's, or null. Takes every name of tzdata: links of old such as
 * `US/Eastern`, `GB` and `EST5EDT`, and `Etc/GMT+1` (which is an hour behind UTC). Refuses bare offsets, which know
 * no summer, and abbreviations that only ICU knows (`IST`, `PST`).
 *
 * The check of `$timezone` is another: it also refuses tzdata's own abbreviations, since nobody lives in `EST`.
 */
export function findZone(text: string): string | null {
  if (text.length > MAX_NAME || !/^[a-z]/i.test(text)) return null;
  try {
    return new Temporal.ZonedDateTime(0n, text).timeZoneId;
  } catch {
    return null;
  }
}

/** How a schedule, or a node with windows, says which zone it is in. Nothing said means `fixed`. */
export const zoneFields = {
  tz_selection: z
    .enum(["recipient", "fixed", ""], { error: "must be recipient, fixed, or empty for fixed" })
    .nullish()
    .meta({
      description: "`recipient`: in the recipient's time zone, or else the account's, or else UTC.",
      default: "fixed",
    }),
  tz_fixed: z
    .string({ error: "must be text: an IANA time zone such as Europe/London" })
    .refine((text) => text === "" || findZone(text) !== null, {
      error: "must be an IANA time zone such as Europe/London, Asia/Kathmandu or Etc/GMT+1",
    })
    .nullish()
    .meta({ description: "The fixed zone.", default: "UTC" }),
};

const zoneSelection = z.object(zoneFields);

export type ZoneSelection = z.infer<typeof zoneSelection>;

/**
 * The zone to work in: the fixed one, or the recipient's and, where the recipient has none, the account's. A zone
 * that is missing, or that tzdata does not know (any more), gives way to the next, at last to UTC.
 */
export function zoneOf(
  { tz_selection, tz_fixed }: ZoneSelection,
  recipientZone: string | null,
  accountZone: string | null,
): string {
  const wanted = tz_selection === "recipient" ? [recipientZone, accountZone] : [tz_fixed ?? null];
  for (const text of wanted) {
    const zone = text === null ? null : findZone(text);
    if (zone !== null) return zone;
  }
  return "UTC";
}

/** What the clocks of the zone show at an instant. */
export function wallTime(instant: number, zone: string): number {
  return instant + zoned(instant, zone).offsetNanoseconds / 1_000_000;
}

/**
 * When the clocks of the zone show a wall time: the first time where they show it twice. Where they skip it, it is
 * moved by as much as they skip: half past two becomes half past three on the night to summer time.
 */
export function instantAt(wall: number, zone: string): number {
  const date = new Date(wall);
  return new Temporal.PlainDateTime(
    date.getUTCFullYear(),
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
    date.getUTCMilliseconds(),
  ).toZonedDateTime(zone, { disambiguation: "compatible" }).epochMilliseconds;
}

/** When the clocks of the zone are next set forward or back; infinity where no such thing is planned. */
export function nextClockChange(instant: number, zone: string): number {
  return zoned(instant, zone).getTimeZoneTransition("next")?.epochMilliseconds ?? Infinity;
}

function zoned(instant: number, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone);
}
