import { type Evidence, type RunRow, runsOf } from "../evidence.ts";
import { inbox, type Journey, node, somebody } from "./journey.ts";

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
 * up: the run takes one branch, and the event's only if there was one. The patient wait has unlimited time: it
 * continues by its event, or an event was lost.
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

function checkEnd(run: RunRow, by: string, is_awaited: boolean, { requests }: Evidence): string[] {
  switch (by) {
    case "late":
      return is_awaited ? [`run ${run.id} gave up waiting`] : [];
    case "came": {
      const began = run.steps.findLast(({ n, s }) => n === "paid" && s === "waiting");
      const until = Date.parse(String(began?.p?.until));
      const heard = requests.some(({ kind, n, created_at }) => {
        const at = created_at.getTime();
        return kind === "event" && n === run.n && at >= (began?.t ?? Infinity) && at <= until;
      });
      return heard
        ? []
        : [`run ${run.id} of trigger ${run.n} heard an event that was not sent while it waited`];
    }
    default:
      return [`run ${run.id} of ${run.slug} ${by}`];
  }
}
