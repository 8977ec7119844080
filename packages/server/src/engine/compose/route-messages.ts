import { identityName, type StoredIdentity } from "../../core/profile/identity.ts";
import { type Candidate, type Place, planRouting } from "../../routing/plan.ts";
import { achievedReason } from "../../routing/success.ts";
import type { Routing } from "../node.ts";
import { type ChunkData, eventsOf, type NewMessage, type Run, type SmartPlace } from "../run.ts";

/** A message and the price of its vendor. */
export interface Composed {
  message: NewMessage;
  price: number | null;
}

/** How long after its last step the routing's success event still counts, as a multiple of the routing's length. */
const LINGER = 2;

/**
 * Assigns each message its place: sent at once, sent in its turn, or not sent because the goal is already achieved.
 * `known` are the identities of the recipient's profile.
 */
export function routeMessages(
  run: Run,
  composed: Composed[],
  known: readonly StoredIdentity[],
  routing: Routing,
  chunkData: ChunkData,
): NewMessage[] {
  const { success, success_is_event, ttl_ms } = routing;
  const { places, gap_ms } = planRouting(composed.map(toCandidate), routing);
  const key = success_is_event ? eventsOf(run, chunkData) : null;
  const goal = key === null ? null : { key, until: new Date(run.now.getTime() + LINGER * ttl_ms) };
  const stored = new Set(known.map(identityName));
  return composed.map(({ message }, index): NewMessage => {
    const place = places[index] ?? NOW;
    const smart: SmartPlace = {
      step: place.step,
      success_metric: success,
      success_is_event,
      achieved: !success_is_event && success === "delivered" && message.status === "delivered",
      wait_ms: place.wait_ms,
      gap_ms,
      is_stored: stored.has(identityName({ channel: message.channel, key: message.identity_key })),
      goal,
    };
    switch (place.when) {
      case "now":
        return { ...message, smart };
      case "later":
        return { ...message, smart, status: "to_be_triggered" };
      case "never":
        return { ...message, smart, status: "not_to_be_triggered", failure_reason: achievedReason(success) };
    }
  });
}

const NOW: Place = { step: 0, when: "now", wait_ms: 0 };

function toCandidate({ message: { channel, status }, price }: Composed): Candidate {
  if (channel === "webhook") throw new Error("calls are not routed");
  const goesNowhere = status === "trigger_failed" || status === "trigger_blocked";
  const state = goesNowhere ? "failed" : status === "delivered" ? "delivered" : "sendable";
  return { channel, price, state };
}
