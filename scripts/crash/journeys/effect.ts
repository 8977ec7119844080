import type { Db } from "../../../packages/server/src/db/db.ts";
import { channelsOf, type Evidence, type RunRow, runsOf } from "../evidence.ts";
import { delay, inbox, type Journey, node } from "./journey.ts";

const LIST = { list_id: "buyers", create_list_if_missing: true, user_selection: ["recipient"] };
const TRIAL = { ...LIST, list_id: "trial" };
const TEAM = {
  object_type: "team",
  object_id: "red",
  create_object_if_missing: true,
  user_selection: ["recipient"],
};
const GUESTS = { ...TEAM, object_id: "guests" };

/**
 * Everything that a run can do besides sending: a profile counter is incremented, lists and objects are joined, and two
 * of them left again a second later, another workflow is triggered. Each trigger has its own recipient, which shows
 * anything done twice. Joining the list starts a workflow too.
 */
export const effect: Journey = {
  slug: "effect",
  templates: { done: { inbox: { header: "An order", body: "It is done." } } },
  workflows: () => [
    { slug: "invoked", nodes: [inbox("inbox", "done")] },
    { slug: "entered", event: "$USER_ENTERED_LIST - buyers", nodes: [inbox("inbox", "done")] },
    {
      slug: "effect",
      nodes: [
        node("userupdate", "count", {
          user_selection: "recipient",
          properties: '{ orders: std.get(data["$recipient"], "orders", 0) + 1 }',
        }),
        node("subscriberlistoperation_adduser", "buy", LIST),
        node("subscriberlistoperation_adduser", "try", TRIAL),
        node("objectoperation_addsubscription", "join", TEAM),
        node("objectoperation_addsubscription", "visit", GUESTS),
        delay("wait", "1s"),
        node("subscriberlistoperation_removeuser", "decide", {
          list_id: "trial",
          user_selection: ["recipient"],
        }),
        node("objectoperation_removesubscription", "leave", {
          object_type: "team",
          object_id: "guests",
          user_selection: ["recipient"],
        }),
        node("invokeworkflow", "invoke", { workflow: "invoked", recipient_selection: "recipient" }),
        inbox("inbox", "done"),
      ],
    },
  ],
  begin: (n) => ({ recipients: [{ distinct_id: buyer(n) }] }),
  async examine(evidence, db) {
    const runs = runsOf(evidence, "effect");
    const people = new Map((await readPeople(db)).map((one) => [one.distinct_id, one]));
    return {
      counts: { "runs with effects": runs.length, "workflows invoked": runsOf(evidence, "invoked").length },
      problems: [
        ...runs.flatMap((run) => checkPerson(run, people.get(run.distinct_id))),
        ...runs.flatMap((run) => checkCaused(run, evidence)),
        ...checkMessages(evidence),
        ...(await checkCounts(db, runs.length)),
      ],
    };
  },
};

const buyer = (n: number): string => `buyer-${n}`;

interface Person {
  distinct_id: string;
  orders: number | null;
  /** Sorted. */
  places: string[];
}

async function readPeople(db: Db): Promise<Person[]> {
  return db.query<Person>(
    `select u.distinct_id, (u.properties ->> 'orders')::int as orders,
            array(select 'list ' || l.list_id from list_member m join list l using (workspace_id, version_id)
                   where m.workspace_id = u.workspace_id and m.recipient_id = u.id
                  union all
                  select o.object_type || ' ' || o.distinct_id from subscription s
                    join recipient o on o.workspace_id = s.workspace_id and o.id = s.object_id
                   where s.workspace_id = u.workspace_id and s.subscriber_id = u.id
                  order by 1) as places
       from recipient u where u.object_type = '' and u.distinct_id like 'buyer-%'`,
  );
}

function checkPerson(run: RunRow, person: Person | undefined): string[] {
  const { orders, places } = person ?? { orders: null, places: [] };
  const isIn = places.join(", ");
  return [
    ...(orders === 1 ? [] : [`${run.distinct_id} was counted up to ${orders}`]),
    ...(isIn === "list buyers, team red" ? [] : [`${run.distinct_id} is in [${isIn}]`]),
  ];
}

/** One request for each, and one run for each that starts a workflow. */
function checkCaused(run: RunRow, { requests, runs }: Evidence): string[] {
  const caused = requests.filter(({ parent_run_id }) => parent_run_id === run.id);
  const names = caused
    .map(({ name }) => name.toLowerCase())
    .sort()
    .join(", ");
  const started = runs
    .filter(({ request_id }) => caused.some(({ id }) => id === request_id))
    .map(({ slug }) => slug)
    .sort()
    .join(", ");
  return [
    ...(names === CAUSED ? [] : [`run ${run.id} caused [${names}]`]),
    ...(started === "entered, invoked" ? [] : [`run ${run.id} started [${started}]`]),
  ];
}

/** Nobody asks for the events of the other list. */
const CAUSED = "$user_entered_list - buyers, invoked";

function checkMessages(evidence: Evidence): string[] {
  const all = ["effect", "invoked", "entered"].flatMap((slug) => runsOf(evidence, slug));
  return all.flatMap((run) => {
    const made = channelsOf(evidence, run);
    return made === "inbox" ? [] : [`run ${run.id} of ${run.slug} made the messages [${made}]`];
  });
}

/** Lists store their counts: maintained on write, not computed on read. */
async function checkCounts(db: Db, buyers: number): Promise<string[]> {
  const rows = await db.query<{ list_id: string; subscribers_count: number }>(
    "select l.list_id, v.subscribers_count from list l join list_version v using (workspace_id, version_id) where l.list_id in ('buyers', 'trial') order by l.list_id",
  );
  const counts = rows.map(({ list_id, subscribers_count }) => `${list_id} ${subscribers_count}`).join(", ");
  const expected = buyers === 0 ? "" : `buyers ${buyers}, trial 0`;
  return counts === expected ? [] : [`the lists count [${counts}], not [${expected}]`];
}
