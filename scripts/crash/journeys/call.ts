import { channelsOf, type Evidence, type Outage, type RunRow, runsOf } from "../evidence.ts";
import type { Call } from "../sink.ts";
import { inbox, type Journey, node, somebody } from "./journey.ts";

/**
 * A node that calls, and a message to the inbox with the response. A call may be repeated, but only if the worker of
 * the first one or the database died meanwhile, and always under the same key; whichever response the run got, it
 * continued once.
 */
export function call(slug: "fetch" | "webhook"): Journey {
  const template = `answer-${slug}`;
  return {
    slug,
    templates: { [template]: { inbox: { header: "Call {{n}}", body: "{{said.answer}}" } } },
    workflows: (callUrl) => [
      {
        slug,
        nodes: [
          node(`httpapi_${slug}`, "call", {
            url: `"${callUrl}/" + data.n`,
            output_key: "said",
            ...(slug === "webhook" ? { http_method: "POST", body: "{ n: data.n }" } : {}),
          }),
          inbox("inbox", template),
        ],
      },
    ],
    begin: (_n, random) => ({ recipients: [somebody(random)] }),
    examine(evidence) {
      const runs = runsOf(evidence, slug);
      const calls = runs.map((run) => ({ run, made: callsOf(evidence, run) }));
      return {
        counts: {
          [`${slug} runs`]: runs.length,
          [`${slug} calls cut by a kill`]: calls.filter(({ made }) => made.some(({ was_cut }) => was_cut))
            .length,
          [`${slug} calls made again`]: calls.reduce(
            (sum, { made }) => sum + Math.max(0, made.length - 1),
            0,
          ),
        },
        problems: calls.flatMap(({ run, made }) => [
          ...checkAnswer(run, made, evidence),
          ...checkRepeats(run, made, evidence.outages),
        ]),
      };
    },
  };
}

/** Looked up by the key that the engine gives the call of this node. */
function callsOf({ sink }: Evidence, run: RunRow): Call[] {
  return sink.calls.get(`${run.id}:call`) ?? [];
}

function checkAnswer(run: RunRow, made: Call[], evidence: Evidence): string[] {
  const problems: string[] = [];
  const { answer } = (run.data?.said ?? {}) as { answer?: number };
  if (!made.some((one) => one.answer === answer))
    problems.push(`run ${run.id} went on with the answer ${answer}, which none of its calls had`);
  const answered = run.steps.filter(({ n, s }) => n === "call" && s === "node_completed").length;
  if (answered !== 1) problems.push(`run ${run.id} went on ${answered} times after its call`);
  const channels = channelsOf(evidence, run);
  if (channels !== (run.slug === "webhook" ? "inbox webhook" : "inbox"))
    problems.push(`run ${run.id} of ${run.slug} made the messages [${channels}]`);
  const said = evidence.messages.get(run.id)?.find(({ channel }) => channel === "inbox")?.text;
  if (said !== String(answer)) problems.push(`run ${run.id} was answered ${answer} and said '${said}'`);
  return problems;
}

/**
 * A connection that ended in an outage of workers belonged to a killed one. A worker that cannot reach the database holds
 * its jobs no longer, and another makes their calls.
 */
function checkRepeats(run: RunRow, made: Call[], outages: Outage[]): string[] {
  return made.slice(1).flatMap(({ at }, index) => {
    const before = made[index];
    if (before === undefined) return [];
    const isExplained = outages.some(({ kind, names, from, to }) => {
      if (kind === "silence" || names.includes("postgres")) return from <= at && to >= before.at;
      const { closed_at } = before.connection;
      return (
        names.some((name) => name !== "api") && closed_at !== null && closed_at >= from && closed_at <= to
      );
    });
    return isExplained ? [] : [`the call of run ${run.id} was made again although nobody had died`];
  });
}
