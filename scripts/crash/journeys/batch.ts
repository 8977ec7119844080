import { channelsOf, type Evidence, type RunRow, runsOf } from "../evidence.ts";
import { type Journey, node, phone, text } from "./journey.ts";

const PEOPLE = 4;
const THREADS = ["red", "blue"] as const;

/**
 * Triggers for a few recipients, gathered by thread for three seconds; the result is sent as one text. Each trigger is
 * in the payload of one run that carried a batch, and in one text, whatever was killed meanwhile.
 */
export const batch: Journey = {
  slug: "batch",
  templates: {
    gathered: {
      sms: { type: "basic", body: "{{#each $batched_events}}{{n}}{{#unless @last}} {{/unless}}{{/each}}" },
    },
  },
  workflows: () => [
    {
      slug: "batch",
      nodes: [
        node("batch", "gather", {
          mode: "accumulate_all",
          window_type: "fixed",
          fixed_window: "3s",
          batch_key: ".thread",
          retain_count: 100,
        }),
        text("text", "gathered"),
      ],
    },
  ],
  begin(_n, random) {
    const index = random.below(PEOPLE);
    return {
      recipients: [{ distinct_id: `gatherer-${index}`, $sms: [phone(1000 + index)] }],
      data: { thread: random.pick(THREADS) },
    };
  },
  examine(evidence) {
    const runs = runsOf(evidence, "batch");
    const carriers = runs.filter((run) => run.data !== null && "$batched_events" in run.data);
    return {
      counts: { "batched triggers": runs.length, batches: carriers.length },
      problems: [
        ...runs.flatMap((run) => checkRole(run, carriers.includes(run), evidence)),
        ...carriers.flatMap(checkBatch),
        ...checkPlaces(runs, "batches", countIn(carriers.map((run) => eventsOf(run).map(({ n }) => n)))),
        ...checkTexts(runs, carriers, evidence),
      ],
    };
  },
};

interface BatchedEvent {
  n: number;
  thread: string;
}

function eventsOf({ data }: RunRow): BatchedEvent[] {
  return (data?.$batched_events ?? []) as BatchedEvent[];
}

/** A run either carries a batch, or leaves its item with one that does. */
function checkRole(run: RunRow, isCarrier: boolean, evidence: Evidence): string[] {
  const problems: string[] = [];
  const absorbed = run.steps.filter(({ p }) => p?.code === "batch_absorbed").length;
  if (absorbed !== (isCarrier ? 0 : 1))
    problems.push(
      `run ${run.id} was absorbed ${absorbed} times and ${isCarrier ? "carried" : "did not carry"}`,
    );
  const made = channelsOf(evidence, run);
  if (made !== (isCarrier ? "sms" : "")) problems.push(`run ${run.id} of batch made the messages [${made}]`);
  return problems;
}

function checkBatch(carrier: RunRow): string[] {
  const events = eventsOf(carrier);
  const problems: string[] = [];
  const count = carrier.data?.$batched_events_count;
  if (count !== events.length)
    problems.push(`run ${carrier.id} carried ${events.length} of ${String(count)}`);
  if (new Set(events.map(({ thread }) => thread)).size > 1)
    problems.push(`run ${carrier.id} carried more than one thread`);
  return problems;
}

function countIn(lists: number[][]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const n of lists.flat()) counts.set(n, (counts.get(n) ?? 0) + 1);
  return counts;
}

function checkPlaces(runs: RunRow[], what: string, places: Map<number, number>): string[] {
  const problems = runs.flatMap(({ n }) => {
    const count = places.get(n ?? -1) ?? 0;
    return count === 1 ? [] : [`trigger ${n} is in ${count} ${what}`];
  });
  const known = new Set(runs.map(({ n }) => n));
  const strange = [...places.keys()].filter((n) => !known.has(n));
  return [...problems, ...strange.map((n) => `trigger ${n} is in ${what}, but has no run`)];
}

/** A text that arrived several times counts once: whether that is allowed is checked with all other texts. */
function checkTexts(runs: RunRow[], carriers: RunRow[], { messages, sink }: Evidence): string[] {
  const sent = carriers.flatMap(({ id }) => messages.get(id) ?? []);
  const failed = sent.filter(({ status }) => status === "trigger_failed");
  const lost = new Set(failed.flatMap(({ text: said }) => (said ?? "").split(" ").map(Number)));
  const texts = sent
    .filter(({ status }) => status !== "trigger_failed")
    .map(({ id }) => sink.texts.get(id) ?? []);
  const differing = texts.filter((arrived) => new Set(arrived.map(({ text }) => text)).size > 1);
  const expected = runs.filter(({ n }) => n !== null && !lost.has(n));
  return [
    ...differing.map((arrived) => `a batch was sent as '${arrived.map(({ text }) => text).join("' and '")}'`),
    ...checkPlaces(
      expected,
      "texts",
      countIn(texts.map(([first]) => (first?.text ?? "").split(" ").map(Number))),
    ),
  ];
}
