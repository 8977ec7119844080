import type { Db } from "../../../packages/server/src/db/db.ts";
import { runsOf } from "../evidence.ts";
import type { Journey } from "./journey.ts";

/** Two pages. */
const MEMBERS = 130;

const members = Array.from({ length: MEMBERS }, (_none, index) => `subscriber-${index}`);

/**
 * A template for everybody in a list, page by page. That each of them has one execution is checked as for all requests;
 * the broadcast itself must have come to its end, and have counted them all.
 */
export const broadcast: Journey = {
  slug: "broadcast.bulletin",
  templates: { bulletin: { inbox: { header: "Bulletin {{n}}", body: "It is out." } } },
  broadcast: {
    list_id: "subscribers",
    members,
    body: { template: "bulletin", notification_category: "promotional" },
  },
  workflows: () => [],
  begin: () => ({ recipients: members.map((distinct_id) => ({ distinct_id })) }),
  async examine(evidence, db) {
    const broadcasts = await readBroadcasts(db);
    return {
      counts: {
        broadcasts: broadcasts.length,
        "runs of broadcasts": runsOf(evidence, "broadcast.bulletin").length,
      },
      problems: broadcasts.flatMap(({ id, status, recipients, triggered }) =>
        status === "completed" && recipients === MEMBERS && triggered === MEMBERS
          ? []
          : [`${id} is ${status}, with ${triggered} of ${recipients} triggered`],
      ),
    };
  },
};

interface BroadcastRow {
  id: string;
  status: string;
  recipients: number | null;
  triggered: number;
}

const readBroadcasts = (db: Db) =>
  db.query<BroadcastRow>("select id, status, recipients, triggered from broadcast");
