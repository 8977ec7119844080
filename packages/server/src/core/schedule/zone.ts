import { Temporal } from "temporal-polyfill";
import { z } from "zod";

/*
 * Time zones: which one a node uses, and conversion between instants and wall clocks. Zones are tzdata's, as the
 * runtime ships it; Temporal caches its results for each, so that a conversion costs 2 to 4 µs.
 *
 * In this folder an instant is milliseconds since 1970 in UTC. A wall time is what a clock on the wall shows, counted
 * in milliseconds as if that clock were UTC: calendar arithmetic on it is plain arithmetic.
 */

/** Longer than any name in tzdata. */
const MAX_NAME = 40;

/**
 * The zone that a text names, with tzdata's case, or null. Accepts every name of tzdata: old links such as
 * `US/Eastern`, `GB` and `EST5EDT`, and `Etc/GMT+1` (which is an hour behind UTC). Refuses bare offsets, which have no
 * summer time, and abbreviations that only ICU knows (`IST`, `PST`).
 *
 * The check of `$timezone` differs: it also refuses tzdata's own abbreviations, since nobody lives in `EST`.
 */
export function findZone(text: string): string | null {
  if (text.length > MAX_NAME || !/^[a-z]/i.test(text)) return null;
  try {
    return new Temporal.ZonedDateTime(0n, text).timeZoneId;
  } catch {
    return null;
  }
}

/** How a schedule, or a node with windows, states its zone. Absent means `fixed`. */
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
 * The zone to use: the fixed one, or the recipient's and, if the recipient has none, the account's. A zone that is
 * missing, or that tzdata does not know (any more), falls back to the next, finally to UTC.
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

/** The wall time in the zone at an instant. */
export function wallTime(instant: number, zone: string): number {
  return instant + zoned(instant, zone).offsetNanoseconds / 1_000_000;
}

/**
 * The instant of a wall time in the zone: the first one if the clocks show it twice. A time that they skip is moved by
 * the length of the gap: half past two becomes half past three on the night to summer time.
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

/** The next clock change of the zone; infinity if none is scheduled. */
export function nextClockChange(instant: number, zone: string): number {
  return zoned(instant, zone).getTimeZoneTransition("next")?.epochMilliseconds ?? Infinity;
}

function zoned(instant: number, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone);
}
