import type { Step } from "../../src/core/log/step-log.ts";
import { afterAll, describe, expect } from "vitest";
import type { JsonObject } from "../../src/core/json.ts";
import { createWorld, type World } from "../behaviours/world.ts";
import { onOwnServer as it } from "../fixture.ts";
import { CONTENTS, type Node, TEMPLATE, toStored, type Workflow } from "./tree.ts";
import { createRandom, type Random } from "../random.ts";
import { createWorkers, type Workers } from "../worker.ts";

/*
 * Many clients, two workers and a moving clock, all at once. The results and their order are not predictable; these
 * properties must hold in any order.
 */
const SEED = 20;
const CLIENTS = 8;
const ROUNDS = 6;
const AT_ONCE = 14;
const PEOPLE = ["ann", "bob", "cy", "dee", "eve"];
const LEVELS = 3;
const MINUTE = 60_000;

const send = (ref: string): Node => ({ kind: "send", ref, channel: "inbox" });
const retain = { count: 100, order: "first" } as const;
const window = { minutes: 1 };

const WORKFLOWS = {
  gathers: [{ kind: "batch", ref: "batch", leading: false, key: null, window, retain }, send("sent")],
  ahead: [{ kind: "batch", ref: "batch", leading: true, key: null, window, retain }, send("sent")],
  waits: [
    {
      kind: "wait",
      ref: "wait",
      holds: [],
      events: [
        {
          event: "paid",
          leaves: [{ of: "event", field: "level", op: "==", to: { field: "level" } }],
          groups: [],
        },
      ],
      minutes: 1,
      come: { ref: "come", is_terminal: true, nodes: [send("paid")] },
      late: { ref: "late", is_terminal: true, nodes: [send("reminded")] },
    },
  ],
  throttled: [send("sent")],
} satisfies Record<string, Node[]>;

type Slug = keyof typeof WORKFLOWS;
const SLUGS = Object.keys(WORKFLOWS) as Slug[];
const THROTTLE = { count: 2, minutes: 1 };

interface Run {
  id: string;
  slug: Slug;
  recipient: string;
  status: string;
  steps: Step[];
  data: JsonObject;
}

describe(`a crowd of clients, with seed ${SEED}`, () => {
  let workers: Workers;
  let world: World;
  let runs: Run[];
  let sent: { execution_id: string; node_ref: string }[];
  /** `recipient n` of every trigger that was accepted, by workflow. */
  const triggered: Record<Slug, string[]> = { gathers: [], ahead: [], waits: [], throttled: [] };
  const told = new Set<string>();

  it.beforeAll(async ({ harness }) => {
    workers = createWorkers(harness);
    await workers.start();
    world = await createWorld(harness);
    await world.manage("POST", "v1/clock/reset/");
    await world.template(TEMPLATE, CONTENTS);
    for (const recipient of PEOPLE) await world.call("POST", `/v1/user/${recipient}/`, { name: recipient });
    for (const slug of SLUGS) {
      const { trigger_type: _type, tree, ...settings } = toStored(workflowOf(slug));
      await world.workflow(slug, (tree as { nodes: JsonObject[] }).nodes, settings);
    }
    const random = createRandom(SEED);
    for (let round = 0; round < ROUNDS; round++) {
      const clients = Array.from({ length: CLIENTS }, (_, client) =>
        act(createRandom(random.below(1e9)), (round * CLIENTS + client) * AT_ONCE),
      );
      await Promise.all([...clients, world.pass(`${random.between(20, 100)}s`)]);
    }
    await world.pass("1h");
    runs = await world.services.db.query<Run>(
      `select r.id, r.workflow_slug as slug, r.distinct_id as recipient, r.status, r.steps,
              coalesce(r.data, q.body->'data') as data
         from run r join request q on q.workspace_id = r.workspace_id and q.id = r.request_id
        where r.workspace_id = $1 order by r.id`,
      [world.workspace_id],
    );
    sent = await world.services.db.query(
      "select execution_id, node_ref from message where workspace_id = $1",
      [world.workspace_id],
    );
  });
  afterAll(() => workers.stop());

  async function act(random: Random, first: number): Promise<void> {
    for (let n = first; n < first + AT_ONCE; n++) {
      const level = random.below(LEVELS);
      if (random.chance(0.2)) {
        const distinct_id = random.pick(PEOPLE);
        told.add(`${distinct_id} ${level}`);
        const body = { event: "paid", distinct_id, properties: { level } };
        expect((await world.call("POST", "/v2/event/", body)).status).toBe(202);
        continue;
      }
      const workflow = random.pick(SLUGS);
      const recipients = random.shuffle(PEOPLE).slice(0, random.between(1, 3));
      const body = { workflow, recipients, data: { n, level, color: "red" } };
      expect((await world.call("POST", "/trigger/", body)).status).toBe(202);
      triggered[workflow].push(...recipients.map((recipient) => `${recipient} ${n}`));
    }
  }

  const runsOf = (slug: Slug): Run[] => runs.filter((run) => run.slug === slug);
  const sentBy = (run: Run): string[] =>
    sent.filter(({ execution_id }) => execution_id === run.id).map(({ node_ref }) => node_ref);

  it("ends all that it began", () => {
    expect(runs.filter(({ status }) => status !== "completed")).toEqual([]);
    for (const slug of ["gathers", "ahead", "waits"] as const) {
      expect(runsOf(slug).map(nameOf).toSorted()).toEqual(triggered[slug].toSorted());
      expect(triggered[slug].length).toBeGreaterThan(50);
    }
  });

  it.each(["gathers", "ahead"] as const)(
    "has each trigger of '%s' in one batch, and each batch in one message",
    (slug) => {
      const all: string[] = [];
      for (const run of runsOf(slug)) {
        const absorbed = run.steps.find(({ p }) => p?.code === "batch_absorbed");
        expect(sentBy(run)).toEqual(absorbed === undefined ? ["sent"] : []);
        if (absorbed !== undefined) continue;
        const items = run.data.$batched_events as { n: number }[];
        expect(run.data.$batched_events_count).toBe(items.length);
        all.push(...items.map(({ n }) => `${run.recipient} ${n}`));
      }
      expect(all.toSorted()).toEqual(triggered[slug].toSorted());
      expect(all.length).toBeGreaterThan(runsOf(slug).filter((run) => sentBy(run).length > 0).length);
    },
  );

  it("reports for each trigger whose batch it joined, and that batch has it", () => {
    for (const run of [...runsOf("gathers"), ...runsOf("ahead")]) {
      const carrier_id = run.steps.find(({ p }) => p?.code === "batch_absorbed")?.p?.carrier_execution_id;
      if (carrier_id === undefined) continue;
      const carrier = runs.find(({ id }) => id === carrier_id);
      const items = (carrier?.data.$batched_events ?? []) as { n: number }[];
      const numbers = items.map(({ n }) => n);
      expect(numbers).toContain(run.data.n);
    }
  });

  it("ends each wait once, by an event that was meant or when its time was up", () => {
    const ends = { paid: 0, reminded: 0 };
    for (const run of runsOf("waits")) {
      const outcomes = run.steps.filter(({ s }) => s === "expression_evaluated");
      expect(outcomes).toHaveLength(1);
      const [outcome] = outcomes;
      const until = Date.parse(run.steps.find(({ s }) => s === "waiting")?.p?.until as string);
      if (outcome?.p?.branch === "come") {
        ends.paid++;
        expect(sentBy(run)).toEqual(["paid"]);
        expect(told).toContain(`${run.recipient} ${run.data.level as number}`);
      } else {
        ends.reminded++;
        expect(sentBy(run)).toEqual(["reminded"]);
        expect(outcome?.t).toBeGreaterThanOrEqual(until);
      }
    }
    expect(ends.paid).toBeGreaterThan(0);
    expect(ends.reminded).toBeGreaterThan(0);
  });

  it("begins as many runs as the throttle lets through, and reports the others", async () => {
    const begun = runsOf("throttled");
    for (const person of PEOPLE) {
      const starts = begun
        .filter(({ recipient }) => recipient === person)
        .map(startOf)
        .toSorted((a, b) => a - b);
      const crowded = starts.filter((at, index) => {
        const before = starts[index - THROTTLE.count];
        return before !== undefined && at - before < THROTTLE.minutes * MINUTE;
      });
      expect(crowded, `${person}: ${starts.join(" ")}`).toEqual([]);
    }
    const [row] = await world.services.db.query<{ refused: number }>(
      `select count(*)::int as refused from request, json_array_elements(errors) e
        where workspace_id = $1 and e->>'error_code' = 'throttled'`,
      [world.workspace_id],
    );
    expect(begun.length + (row?.refused ?? 0)).toBe(triggered.throttled.length);
  });

  it("leaves nothing behind", async () => {
    const [left] = await world.services.db.query(
      `select (select count(*)::int from waiter where workspace_id = $1) as waiters,
              (select count(*)::int from signal where workspace_id = $1) as signals,
              (select count(*)::int from batch where workspace_id = $1 and carrier_run_id is not null) as batches,
              (select count(*)::int from batch_item where workspace_id = $1) as items`,
      [world.workspace_id],
    );
    expect(left).toEqual({ waiters: 0, signals: 0, batches: 0, items: 0 });
  });
});

function workflowOf(slug: Slug): Workflow {
  const throttle = slug === "throttled" ? THROTTLE : null;
  return { slug, category: "transactional", event: null, conditions: [], throttle, nodes: WORKFLOWS[slug] };
}

const nameOf = ({ recipient, data }: Run): string => `${recipient} ${data.n as number}`;
const startOf = ({ steps }: Run): number => steps[0]?.t ?? 0;
