import type { Json, JsonObject } from "../../src/core/json.ts";
import type { Step as LoggedStep } from "../../src/core/log/step-log.ts";
import { createWorld, type World } from "../behaviours/world.ts";
import type { Server } from "../harness.ts";
import type { Answer } from "../hub.ts";
import { can, filterOf, LONG, RECIPIENTS, START, type Step, type Story } from "./generate.ts";
import { type CancelFilter, createModel, type Model, stepText } from "./model.ts";
import { CONTENTS, TEMPLATE, toStored } from "./tree.ts";

/**
 * Plays a story on an engine and on the model, step by step. The workspace's clock is frozen and moves only while
 * nothing is in progress, so that both have the same history; the comparison is in words, line by line.
 */
export interface Outcome {
  /** By `request/workflow/recipient`. */
  runs: Record<string, { status: string; steps: string[]; data: JsonObject }>;
  /** `run node channel text`. */
  messages: string[];
  /** `request status codes`. */
  requests: string[];
  /** The result of each cancel. */
  cancelled: string[][];
  /** Rows that should have been removed, by table. */
  left: JsonObject;
}

/** `onStep` is called at the beginning of every step. */
export async function play(
  harness: Server,
  story: Story,
  onStep: () => void = () => {},
): Promise<{ engine: Outcome; model: Outcome }> {
  const player = await createPlayer(harness, story);
  const { model } = player;
  for (const step of story.steps) {
    onStep();
    await player.take(step);
  }
  await player.take({ kind: "advance", to: model.now() + LONG });
  return { engine: await player.outcome(), model: outcomeOf(model, player.cancelled) };
}

interface Player {
  model: Model;
  take: (step: Step) => Promise<void>;
  outcome: () => Promise<Outcome>;
  /** Cancelled by the model. */
  cancelled: string[][];
}

async function createPlayer(harness: Server, { workflows }: Story): Promise<Player> {
  const { db } = harness.services;
  const world = await createWorld(harness, new Date(START).toISOString());
  await prepare(world);
  const model = createModel(START, can);
  const cancelled: string[][] = [];
  const reallyCancelled: string[][] = [];
  /** The model's name of a request, by its API id. */
  const requestNames = new Map<string, string>();

  async function commit(workflow: (typeof workflows)[number]): Promise<void> {
    const path = `v1/workflow/${workflow.slug}/?commit=true&commit_message=story`;
    const { json } = await expectStatus(201, world.manage("POST", path, toStored(workflow)));
    expectValid(json);
    model.commit(workflow);
  }

  function nameRequest(answer: Answer, name: string): void {
    const { message_id } = answer.json as { message_id: string };
    const known = requestNames.get(message_id) ?? name;
    if (known !== name) throw new Error(`the API takes for ${known} what is ${name} by the model`);
    requestNames.set(message_id, name);
  }

  const read = <Row extends object>(text: string) => db.query<Row>(text, [world.workspace_id]);

  async function readRuns(): Promise<Map<string, RunRow & { name: string }>> {
    const rows = await read<RunRow>(
      `select r.id, r.request_id, r.workflow_slug, r.distinct_id, r.status, r.steps,
              coalesce(r.data, q.body->'data', q.body->'properties') as data
         from run r join request q on q.workspace_id = r.workspace_id and q.id = r.request_id
        where r.workspace_id = $1 order by r.id`,
    );
    return new Map(
      rows.map((row) => {
        const name = `${requestNames.get(row.request_id)}/${row.workflow_slug}/${row.distinct_id}`;
        return [row.id, { ...row, name }];
      }),
    );
  }

  async function cancel(filter: CancelFilter): Promise<void> {
    const runs = await readRuns();
    const body = cancelBody(filter, [...runs.values()]);
    const { json } = await expectStatus(200, world.call("POST", "/v1/workflow_run/cancel/", body));
    const { execution_ids } = json as { execution_ids: string[] };
    reallyCancelled.push(execution_ids.map((id) => runs.get(id)?.name ?? id).toSorted());
    const ended = model.cancel(filter).map(({ id }) => id);
    cancelled.push(ended.toSorted());
  }

  for (const workflow of workflows) await commit(workflow);

  return {
    model,
    cancelled,
    async take(step) {
      switch (step.kind) {
        case "trigger": {
          const { workflow, recipients, tenant, key, data } = step;
          const body = { workflow, recipients, tenant_id: tenant, data, $idempotency_key: key };
          nameRequest(await expectStatus(202, world.call("POST", "/trigger/", body)), model.trigger(step));
          return reach(world, model.now());
        }
        case "event": {
          const { event, recipient: distinct_id, properties, key } = step;
          const body = { event, distinct_id, properties, $idempotency_key: key };
          nameRequest(await expectStatus(202, world.call("POST", "/v2/event/", body)), model.event(step));
          return reach(world, model.now());
        }
        case "advance":
          model.advance(step.to);
          return reach(world, step.to);
        case "commit":
          return commit(step.workflow);
        case "cancel": {
          const filter = filterOf(model, step);
          return filter === null ? undefined : cancel(filter);
        }
      }
    },
    async outcome() {
      const runs = await readRuns();
      const messages = await read<MessageRow>(
        `select execution_id, node_ref, channel, coalesce(content->>'body', content->>'text') as text from message where workspace_id = $1`,
      );
      const requests = await read<{ id: string; status: string; codes: string[] | null }>(
        `select id, status, array(select e->>'error_code' from json_array_elements(errors) e order by 1) as codes
           from request where workspace_id = $1`,
      );
      const [left = {}] = await read<JsonObject>(LEFT);
      return {
        runs: Object.fromEntries(
          [...runs.values()].map(({ name, status, steps, data }) => [
            name,
            { status, steps: steps.map(describeStep), data },
          ]),
        ),
        messages: messages
          .map(({ execution_id, node_ref, channel, text }) =>
            [runs.get(execution_id)?.name, node_ref, channel, text].join(" "),
          )
          .toSorted(),
        requests: requests
          .map(({ id, status, codes }) => requestText(requestNames.get(id) ?? REPEAT, status, codes ?? []))
          .toSorted(),
        cancelled: reallyCancelled,
        left,
      };
    },
  };
}

interface RunRow {
  id: string;
  request_id: string;
  workflow_slug: string;
  distinct_id: string;
  status: string;
  steps: LoggedStep[];
  data: JsonObject;
}

interface MessageRow {
  execution_id: string;
  node_ref: string;
  channel: string;
  text: string | null;
}

/** Windows after a leading item in which nothing arrived belong to no run: `clear-leftovers` removes them. */
const LEFT = `
  select (select count(*)::int from waiter where workspace_id = $1) as waiters,
         (select count(*)::int from signal where workspace_id = $1) as signals,
         (select count(*)::int from batch where workspace_id = $1 and carrier_run_id is not null) as batches,
         (select count(*)::int from batch_item where workspace_id = $1) as items,
         (select count(*)::int from run
           where workspace_id = $1 and (status = 'in_progress' or position is not null or wake_at is not null)) as runs,
         (select count(*)::int from pgboss.job, json_array_elements((data::json)->'refs') ref
           where state <= 'active' and (ref->>0)::int = $1) as jobs`;

export const NOTHING_LEFT = { waiters: 0, signals: 0, batches: 0, items: 0, runs: 0, jobs: 0 };

async function prepare(world: World): Promise<void> {
  await world.template(TEMPLATE, CONTENTS);
  await expectStatus(201, world.call("POST", "/v1/tenant/acme/", { tenant_name: "Acme" }));
  for (const recipient of RECIPIENTS) {
    const profile = can(recipient, "sms") ? { $sms: "+14155550100" } : {};
    await expectStatus(201, world.call("POST", `/v1/user/${recipient}/`, { name: recipient, ...profile }));
    await expectStatus(201, world.call("POST", `/v1/user/${recipient}/tenant/acme/`, { plan: "pro" }));
  }
}

/**
 * Moves the clock, which waits for all current work before it arrives. Repeated while it is still moving: a worker that
 * held the work may have been killed.
 */
async function reach(world: World, to: number): Promise<void> {
  const body = { to: new Date(to).toISOString() };
  for (let tries = 0; tries < 5; tries++) {
    const { json } = await expectStatus(200, world.manage("POST", "v1/clock/advance/", body));
    if ((json as { advancing_to: string | null }).advancing_to === null) return;
  }
  throw new Error("the clock did not arrive");
}

async function expectStatus(status: number, asked: Promise<Answer>): Promise<Answer> {
  const answer = await asked;
  if (answer.status !== status) throw new Error(`${answer.status}: ${answer.text}`);
  return answer;
}

function expectValid(saved: unknown): void {
  const { validation_result } = saved as { validation_result: { is_valid: boolean; errors: string[] } };
  if (!validation_result.is_valid) throw new Error(validation_result.errors.join("\n"));
}

function cancelBody(filter: CancelFilter, runs: { id: string; name: string }[]): JsonObject {
  switch (filter.by) {
    case "run": {
      const run = runs.find(({ name }) => name === filter.run);
      if (run === undefined) throw new Error(`${filter.run} is not there to be cancelled`);
      return { execution_id: run.id };
    }
    case "trigger":
      return { idempotency_key: filter.key };
    case "recipient":
      return { recipients: [filter.recipient], workflow_slug: filter.workflow };
  }
}

/** A step of an engine in the model's format: without ids, and without texts, which are for people. */
function describeStep({ t, n, s, l, p = {} }: LoggedStep): string {
  return stepText(t, n ?? null, s, [detailOf(s, p), l ?? ""].join(" ").trim());
}

function detailOf(
  stage: string,
  { until, branch, result, code, retained, count, batch_id }: JsonObject,
): string {
  switch (stage) {
    case "waiting":
      return typeof until === "string" ? String(Date.parse(until)) : "";
    case "expression_evaluated":
      return result === undefined ? text(branch) : `${text(branch)} ${text(result)}`;
    case "run_stopped":
      return text(code);
    case "node_completed":
      if (count !== undefined) return `${text(retained)} of ${text(count)}`;
      return batch_id === undefined ? "" : "ahead";
    default:
      return "";
  }
}

/** Replaces the requests whose keys had been used: the API names the first one instead. */
const REPEAT = "repeat";

const text = (value: Json | undefined): string => (typeof value === "string" ? value : JSON.stringify(value));

function requestText(name: string, status: string, codes: string[]): string {
  return [name, status, ...codes].join(" ");
}

function outcomeOf({ runs, messages, requests, repeats }: Model, cancelled: string[][]): Outcome {
  return {
    runs: Object.fromEntries(runs.map(({ id, status, steps, data }) => [id, { status, steps, data }])),
    messages: messages.map(({ run, ref, channel, text }) => [run, ref, channel, text].join(" ")).toSorted(),
    requests: [
      ...Array.from({ length: repeats() }, () =>
        requestText(REPEAT, "skipped", ["duplicate_idempotency_key"]),
      ),
      ...requests.map(({ id, refusals }) =>
        requestText(id, refusals.length > 0 ? "partial_failure" : "accepted", refusals.toSorted()),
      ),
    ].toSorted(),
    cancelled,
    left: NOTHING_LEFT,
  };
}
