/**
 * Decides which work is next within a lane. Each workspace and tenant is a flow with a rate it may always use; what it
 * sends beyond that is stamped into the future, as if it had come at that rate. Jobs are taken in the order of their
 * stamps, so a burst of a million waits for the single message of a neighbour that comes a minute later, and still runs
 * at full speed while there is no other work. Stamps are wall-clock times: processes need no other agreement, and
 * nothing starves, because later work is stamped later.
 */
export interface Fairness {
  /** Splits members to be queued into parts that share a stamp. Flows within their rate stay together. */
  stamp: <T extends Flow>(members: T[]) => { stamp: number; members: T[] }[];
}

export interface Flow {
  workspace_id: number;
  tenant_id?: string | null;
  /** Number of recipients it stands for: 1 by default. */
  weight?: number;
}

/** Recipients per second that a flow may use before its work is stamped later. */
export const FAIR_RATE = 500;
/** Flows kept in memory; an idle flow is within its rate anyway. */
const MAX_FLOWS = 100_000;

export function createFairness(now: () => number = Date.now, rate = FAIR_RATE): Fairness {
  /** When each flow's next ref would come at its rate, in epoch milliseconds. */
  const due = new Map<string, number>();

  function forgetIdle(time: number): void {
    for (const [flow, at] of due) if (at <= time) due.delete(flow);
  }

  return {
    stamp(members) {
      const time = now();
      if (due.size > MAX_FLOWS) forgetIdle(time);
      const within: typeof members = [];
      const parts: { stamp: number; members: typeof members }[] = [];
      for (const [flow, own] of groupByFlow(members)) {
        const begins = Math.max(time, due.get(flow) ?? 0);
        due.set(flow, begins + (weigh(own) * 1000) / rate);
        if (begins === time) within.push(...own);
        else parts.push({ stamp: begins, members: own });
      }
      if (within.length > 0) parts.unshift({ stamp: time, members: within });
      return parts;
    },
  };
}

function weigh(members: Flow[]): number {
  return members.reduce((sum, { weight = 1 }) => sum + weight, 0);
}

function groupByFlow<T extends Flow>(members: T[]): Map<string, T[]> {
  const flows = new Map<string, T[]>();
  for (const member of members) {
    const flow = `${member.workspace_id}/${member.tenant_id ?? ""}`;
    const own = flows.get(flow);
    if (own === undefined) flows.set(flow, [member]);
    else own.push(member);
  }
  return flows;
}

const EPOCH = Date.UTC(2026, 0, 1);
/** Quarters of a second since 2026 fit a 32-bit priority until 2043. */
const TICK_MS = 250;

/** pg-boss takes the highest priority first, and the oldest of equals. */
export function priorityOf(stamp: number): number {
  return -Math.max(0, Math.floor((stamp - EPOCH) / TICK_MS));
}
