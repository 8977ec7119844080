import { type Evidence, type MessageRow, type RunRow, runsOf } from "../evidence.ts";
import { type Journey, node, phone } from "./journey.ts";

const EVENT = "Order Viewed";

/**
 * A smart routing: the inbox and the first number at once, the second number four seconds later, unless the order was
 * seen. The last step is sent or cancelled, never both, and cancelled only if the order was seen.
 */
export const route: Journey = {
  slug: "route",
  templates: {
    routed: {
      inbox: { header: "Order {{n}}", body: "It is packed." },
      sms: { type: "basic", body: "Order {{n}} is packed." },
    },
  },
  workflows: () => [
    {
      slug: "route",
      nodes: [
        node("send_smart_channel_routing", "tell", {
          template: "routed",
          ttl_value: "4s",
          success: EVENT,
          success_is_event: true,
        }),
      ],
    },
  ],
  begin: (n) => ({ recipients: [{ distinct_id: `viewer-${n}`, $sms: [phone(2 * n), phone(2 * n + 1)] }] }),
  event: { name: EVENT, percent: 60, within_ms: 3000, is_awaited: false },
  examine(evidence) {
    const runs = runsOf(evidence, "route");
    const made = runs.flatMap(({ id }) => evidence.messages.get(id) ?? []);
    return {
      counts: { "routings called off": made.filter(isCalledOff).length },
      problems: runs.flatMap((run) => checkRouting(run, evidence)),
    };
  },
};

const isCalledOff = ({ status }: MessageRow): boolean => status === "not_to_be_triggered";

function checkRouting(run: RunRow, { messages, requests, sink }: Evidence): string[] {
  const made = messages.get(run.id) ?? [];
  const channels = made
    .map(({ channel }) => channel)
    .sort()
    .join(" ");
  if (channels !== "inbox sms sms") return [`run ${run.id} of route made the messages [${channels}]`];
  const off = made.filter(isCalledOff);
  const viewed = requests.some(({ kind, n }) => kind === "event" && n === run.n);
  return [
    ...(off.length > 1 ? [`run ${run.id} had more than its last step called off`] : []),
    ...(off.length > 0 && !viewed ? [`run ${run.id} was called off although nobody had looked`] : []),
    ...off
      .filter(({ id }) => sink.texts.has(id))
      .map(({ id }) => `message ${id} was called off, and sent all the same`),
  ];
}
