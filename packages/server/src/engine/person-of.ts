import type { Who } from "./effect.ts";
import type { Run } from "./run.ts";

/** Somebody as a run knows them; null where there is no actor. */
export function personOf(
  run: Run,
  who: Who,
): { object_type: string; distinct_id: string; recipient_id: string | null } | null {
  return who === "recipient" ? run : run.actor;
}
