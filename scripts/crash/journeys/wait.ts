import { type Evidence, type RunRow, runsOf } from "../evidence.ts";
import { type Findings, inbox, type Journey, node, somebody } from "./journey.ts";

const EVENT = "Order Paid";

export interface Patience {
  slug: "race" | "patient";
  longest: string;
  percent: number;
  /** The longest wait is longer than the proof: only the event ends it. */
  is_awaited: boolean;
}

/**
 * A wait for an event that names the trigger. In the race some events arrive early, late or exactly when the time is
 * up: the run takes one branch, and the event's only if there was one, and always if the event was acknowledged before
 * the time was up. The patient wait has unlimited time: it continues by its event, or an event was lost.
 */
export function wait({ slug, longest, percent, is_awaited }: Patience): Journey {
  return {
    slug,
    templates: { waited: { inbox: { header: "Order {{n}}", body: "It is paid for, or not." } } },
    workflows: () => [
      {
        slug,
        nodes: [
          {
            ...node("branch_waituntil", "paid", {}),
            branches: [
              {
                name: "Paid",
                ref: "came",
                is_default: false,
                conditions: [
                  {
                    type: "future_event",
                    event_name: EVENT,
                    event_conditions: [
                      { variable_ns: "$future_event", variable: "n", op: "==", value: "data.n" },
                    ],
                  },
                ],
                nodes: [inbox("thanks", "waited")],
              },
              {
                name: "Too late",
                ref: "late",
                is_default: true,
                conditions: [{ type: "delay", delay_properties: { delay_type: "fixed", value: longest } }],
                nodes: [inbox("reminder", "waited")],
              },
            ],
          },
        ],
      },
    ],
    // Only a few recipients: events also reach the waits of other triggers, and must not end them.
    begin: (_n, random) => ({ recipients: [somebody(random)] }),
    event: { name: EVENT, percent, within_ms: 4000, is_awaited },
    examine(evidence) {
      const runs = runsOf(evidence, slug);
      const ended = runs.map((run) => ({ run, by: branchesOf(run, evidence) }));
      return {
        counts: {
          [`${slug} waits ended by an event`]: ended.filter(({ by }) => by === "came").length,
          [`${slug} waits ended by the time`]: ended.filter(({ by }) => by === "late").length,
          ...(is_awaited ? {} : countLate(runs, evidence)),
        },
        problems: ended.flatMap(({ run, by }) => checkEnd(run, by, is_awaited, evidence)),
      };
    },
  };
}

const MESSAGE_OF = { came: "thanks", late: "reminder" } as const;

/** `came` or `late` if the log and the messages agree on one; otherwise what they contain. */
function branchesOf(run: RunRow, { messages }: Evidence): string {
  const logged = run.steps.flatMap(({ n, p }) =>
    n === "paid" && typeof p?.branch === "string" ? [p.branch] : [],
  );
  const made = (messages.get(run.id) ?? []).map(({ node_ref }) => node_ref);
  const [branch] = logged;
  const isOne = logged.length === 1 && made.length === 1 && made[0] === MESSAGE_OF[branch as "came" | "late"];
  return isOne && branch !== undefined ? branch : `took [${logged.join(" ")}] and made [${made.join(" ")}]`;
}

/** When the time of its wait was up; the last one's, where a crash of the database undid one. */
function deadlineOf({ steps }: RunRow): number {
  return Date.parse(String(steps.findLast(({ n, s }) => n === "paid" && s === "waiting")?.p?.until));
}

/** Whether workers were down or cut off when the time was up: only then does it matter who looks for the event. */
function countLate(runs: RunRow[], { events, outages }: Evidence): Findings["counts"] {
  const ofWorkers = outages.filter(({ names }) => names.some((name) => name !== "api"));
  const inOutage = runs.filter((run) => {
    const deadline = deadlineOf(run) - performance.timeOrigin;
    const isDuring = ofWorkers.some(({ from, to }) => from <= deadline && deadline <= to);
    return (
      isDuring && events.some(({ n, acknowledged_at }) => n === run.n && +acknowledged_at <= deadlineOf(run))
    );
  });
  return { "races whose time was up in an outage, after their event": inOutage.length };
}

function checkEnd(run: RunRow, by: string, is_awaited: boolean, evidence: Evidence): string[] {
  const until = deadlineOf(run);
  switch (by) {
    case "late": {
      if (is_awaited) return [`run ${run.id} gave up waiting`];
      const before = evidence.events.find(
        ({ n, acknowledged_at }) => n === run.n && +acknowledged_at <= until,
      );
      if (before === undefined) return [];
      const margin = until - before.acknowledged_at.getTime();
      return [
        `run ${run.id} of trigger ${run.n} ran out of time, ${margin} ms after its event was acknowledged`,
      ];
    }
    case "came": {
      // A wait that its run reaches without having waited counts what was accepted after the trigger.
      const trigger = evidence.requests.find(({ id }) => id === run.request_id);
      const since = trigger?.created_at.getTime() ?? Infinity;
      const heard = evidence.requests.some(({ kind, n, created_at }) => {
        const at = created_at.getTime();
        return kind === "event" && n === run.n && at >= since && at <= until;
      });
      return heard
        ? []
        : [`run ${run.id} of trigger ${run.n} heard an event that was not sent while it waited`];
    }
    default:
      return [`run ${run.id} of ${run.slug} ${by}`];
  }
}
