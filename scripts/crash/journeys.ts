import { broadcast } from "./journeys/broadcast.ts";
import { batch } from "./journeys/batch.ts";
import { call } from "./journeys/call.ts";
import { deliver } from "./journeys/deliver.ts";
import { effect } from "./journeys/effect.ts";
import type { Journey } from "./journeys/journey.ts";
import { route } from "./journeys/route.ts";
import { wait } from "./journeys/wait.ts";

/**
 * What clients trigger, in turn. Together they cover each way in which a node can answer the engine (continue, choose a
 * branch, sleep, wait for an event, call, do something in the transaction, end), so that whenever a process is killed,
 * some runs are in the middle of each. A digest is not among them: it closes by the minute at the earliest, and gathers
 * and closes by the same code as a batch.
 */
export const JOURNEYS: readonly Journey[] = [
  deliver("transactional"),
  call("fetch"),
  batch,
  wait({ slug: "race", longest: "3s", percent: 70, is_awaited: false }),
  effect,
  deliver("promotional"),
  call("webhook"),
  route,
  wait({ slug: "patient", longest: "1d", percent: 100, is_awaited: true }),
  broadcast,
];

/** The journey of the n-th trigger: in turn, so that each also gets its share of a short load. */
export function journeyOf(n: number): Journey {
  const journey = JOURNEYS[n % JOURNEYS.length];
  if (journey === undefined) throw new Error("there are no journeys");
  return journey;
}
