import { channelsOf, runsOf } from "../evidence.ts";
import { delay, inbox, type Journey, somebody, text } from "./journey.ts";

/**
 * A message to the inbox, a second of sleep, a text message, for one to three recipients; in two categories, because a
 * text in doubt is repeated in only one of them.
 */
export function deliver(category: "transactional" | "promotional"): Journey {
  return {
    slug: category,
    templates: {
      order: {
        inbox: { header: "Order {{n}}", body: "It is packed." },
        sms: { type: "basic", body: "Order {{n}} is packed." },
      },
    },
    workflows: () => [
      {
        slug: category,
        category,
        nodes: [inbox("inbox", "order"), delay("wait", "1s"), text("text", "order")],
      },
    ],
    begin: (_n, random) => {
      const people = Array.from({ length: random.between(1, 3) }, () => somebody(random));
      return { recipients: [...new Map(people.map((one) => [one.distinct_id, one])).values()] };
    },
    examine: (evidence) => ({
      counts: {},
      problems: runsOf(evidence, category).flatMap((run) => {
        const made = channelsOf(evidence, run);
        return made === "inbox sms" ? [] : [`run ${run.id} of ${category} made the messages [${made}]`];
      }),
    }),
  };
}
