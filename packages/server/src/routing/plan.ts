import { type Channel, CHANNEL_TRAITS, isOurs } from "../core/channel.ts";

/**
 * The plan of a smart routing: which messages are sent at once, and when the others have their turn. The inbox and
 * mandatory channels are sent first, outside the sequence; of the rest the cheapest goes first, one address at a time,
 * so that the last has its turn when the time to live is over.
 */
export interface Candidate {
  channel: Channel;
  /** Per notification, in the workspace's currency; null where not set. */
  price: number | null;
  /** `delivered`: delivered by being stored. `failed`: can never be sent. */
  state: "sendable" | "delivered" | "failed";
}

export interface RoutingTerms {
  ttl_ms: number;
  mandatory_channels: readonly Channel[];
  success: string;
  success_is_event: boolean;
}

export interface Place {
  /** From 1 in the sequence; 0 if outside it. */
  step: number;
  when: "now" | "later" | "never";
  /** Time from the start to its turn; null: it has none. */
  wait_ms: number | null;
}

export interface RoutingPlan {
  /** In the order of the candidates. */
  places: Place[];
  /** Between two steps. */
  gap_ms: number;
}

/**
 * A candidate that cannot be sent gives its slot to the next: the gap is computed from all of them. If storing one of
 * them already is the success, the sequence ends with its first step, which is sent at the same moment.
 */
export function planRouting(candidates: readonly Candidate[], terms: RoutingTerms): RoutingPlan {
  const beside = ({ channel, state }: Candidate) =>
    isOurs(channel) || state === "delivered" || terms.mandatory_channels.includes(channel);
  const routed = candidates.filter((candidate) => !beside(candidate));
  const slots = Math.max(1, routed.length - 1);
  const gap_ms = Math.round(terms.ttl_ms / slots);
  const sequence = byCost(routed.filter(({ state }) => state !== "failed"));
  const achieved =
    !terms.success_is_event &&
    terms.success === "delivered" &&
    candidates.some(({ state }) => state === "delivered");
  const places = candidates.map((candidate): Place => {
    const index = sequence.indexOf(candidate);
    if (index === -1) return { step: 0, when: "now", wait_ms: candidate.state === "failed" ? null : 0 };
    const wait_ms = Math.round((terms.ttl_ms * index) / slots);
    if (wait_ms === 0) return { step: index + 1, when: "now", wait_ms };
    return achieved
      ? { step: index + 1, when: "never", wait_ms: null }
      : { step: index + 1, when: "later", wait_ms };
  });
  return { places, gap_ms };
}

/**
 * Sorts by the usual cost of the channels. Prices are compared only with prices, because their currency is unknown:
 * candidates with a price share their places in the usual order among themselves. Equal ones keep their order.
 */
function byCost(candidates: readonly Candidate[]): Candidate[] {
  const rankOf = ({ channel }: Candidate) => CHANNEL_TRAITS[channel].cost_rank;
  const usual = candidates.toSorted((one, other) => rankOf(one) - rankOf(other));
  const priced = usual
    .filter(isPriced)
    .toSorted((one, other) => (one.price ?? 0) - (other.price ?? 0))
    .values();
  return usual.map((candidate) => (isPriced(candidate) ? (priced.next().value ?? candidate) : candidate));
}

function isPriced({ price }: Candidate): boolean {
  return price !== null && Number.isFinite(price);
}
