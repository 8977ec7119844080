import type { JsonObject } from "../../src/core/json.ts";
import { compute, holds, nextOpening, passes, says } from "./rules.ts";
import type { Branch, Node, Workflow } from "./tree.ts";

/**
 * The reference model: what the spec says about runs, as one sequential history without a database, a queue or a lock.
 * A run is a generator that walks its tree and yields where it waits; time is a number that jumps from one wake to the
 * next. It shares no code with the engine.
 *
 * If several runs of a recipient reach the same batch at the same moment, the spec defines no order among them:
 * `undetermined` reports this, and comparisons with an engine must not depend on it.
 */
export interface Model {
  commit: (workflow: Workflow) => void;
  /** Returns the request's name: an earlier one if the key was used within a day. */
  trigger: (ask: Ask) => string;
  event: (told: Told) => string;
  /** Wakes everything that is due on the way, in order, including what is due at `to`. */
  advance: (to: number) => void;
  cancel: (filter: CancelFilter) => ModelRun[];
  now: () => number;
  runs: readonly ModelRun[];
  requests: readonly ModelRequest[];
  messages: readonly ModelMessage[];
  /** Requests whose keys had been used within a day. */
  repeats: () => number;
  /** True when two runs reached one batch at the same moment. */
  undetermined: () => boolean;
}

export interface Ask {
  workflow: string;
  recipients: string[];
  tenant: string;
  key: string;
  data: JsonObject;
}

export interface Told {
  event: string;
  recipient: string;
  key: string;
  properties: JsonObject;
}

export type CancelFilter =
  | { by: "run"; run: string }
  | { by: "trigger"; key: string }
  | { by: "recipient"; recipient: string; workflow: string | null };

export interface ModelRequest {
  id: string;
  key: string;
  at: number;
  /** Codes of its problems, one for each run that did not begin. */
  refusals: string[];
}

export interface ModelRun {
  /** `request/workflow/recipient`. */
  id: string;
  request: ModelRequest;
  workflow: Workflow;
  recipient: string;
  tenant: string;
  status: "in_progress" | "completed" | "partial_failure" | "failed" | "cancelled";
  /** In the format of `describeStep`. */
  steps: string[];
  data: JsonObject;
  waits: Wait | null;
  /** The batch that holds its item, while that batch is open. */
  batch: Batch | null;
  /** What its last batch had gathered, as input for the next one. */
  gathered: Gathered | null;
  way: Generator<Wait, Way, Woken>;
  warned: boolean;
}

export interface ModelMessage {
  run: string;
  ref: string;
  channel: string;
  text: string;
}

interface Wait {
  until: number;
  /** Whether this event ends the wait. */
  hears: (told: Told) => boolean;
}

type Woken = Told | "time";
/** How a list of nodes ends: continuing with what follows, or ending the run. */
type Way = "on" | "end" | "failed";

interface Batch {
  identity: string;
  closes_at: number;
  carrier: ModelRun | null;
  arrivals: { run: ModelRun; brought: Gathered }[];
  is_open: boolean;
}

/** Payloads of triggers, and the number of triggers, since not all were retained. */
interface Gathered {
  items: JsonObject[];
  count: number;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const deaf: Wait["hears"] = () => false;

/** `can` returns whether a recipient can be reached on a channel. */
export function createModel(start: number, can: (recipient: string, channel: string) => boolean): Model {
  const live = new Map<string, Workflow>();
  const requests: ModelRequest[] = [];
  const runs: ModelRun[] = [];
  const messages: ModelMessage[] = [];
  const batches = new Map<string, Batch>();
  const starts = new Map<string, number[]>();
  /** By batch identity: the last moment at which a run reached it, and that run. */
  const touched = new Map<string, { moment: number; run: ModelRun }>();
  let undetermined = false;
  let repeats = 0;
  let moment = 0;
  let now = start;

  function log(run: ModelRun, ref: string | null, stage: string, detail = ""): void {
    run.steps.push(stepText(now, ref, stage, detail));
  }

  function accept(key: string): { request: ModelRequest; is_new: boolean } {
    const known = requests.findLast((request) => request.key === key);
    if (known !== undefined && now - known.at < DAY) {
      repeats++;
      return { request: known, is_new: false };
    }
    const request = { id: `q${requests.length}`, key, at: now, refusals: [] };
    requests.push(request);
    return { request, is_new: true };
  }

  function begin(
    request: ModelRequest,
    workflow: Workflow,
    recipient: string,
    tenant: string,
    data: JsonObject,
  ) {
    if (workflow.conditions.length > 0 && !workflow.conditions.some((group) => holds(group, data, {}))) {
      request.refusals.push("conditions_false");
      return;
    }
    if (!isAllowed(workflow, recipient)) {
      request.refusals.push("throttled");
      return;
    }
    const run: ModelRun = {
      id: `${request.id}/${workflow.slug}/${recipient}`,
      request,
      workflow,
      recipient,
      tenant,
      status: "in_progress",
      steps: [],
      data,
      waits: null,
      batch: null,
      gathered: null,
      way: empty(),
      warned: false,
    };
    run.way = follow(run, workflow.nodes);
    runs.push(run);
    log(run, null, "run_started");
    go(run, "time");
  }

  function isAllowed({ slug, throttle }: Workflow, recipient: string): boolean {
    if (throttle === null) return true;
    const key = `${slug} ${recipient}`;
    const recent = (starts.get(key) ?? []).filter((at) => at > now - throttle.minutes * MINUTE);
    if (recent.length >= throttle.count) return false;
    starts.set(key, [...recent, now]);
    return true;
  }

  /** Resumes a run until it waits or is over. */
  function go(run: ModelRun, woken: Woken): void {
    run.waits = null;
    const { done, value } = run.way.next(woken);
    if (done !== true) {
      run.waits = value;
      return;
    }
    run.status = value === "failed" ? "failed" : run.warned ? "partial_failure" : "completed";
    if (value !== "failed") log(run, null, "run_completed");
  }

  function* follow(run: ModelRun, nodes: Node[]): Generator<Wait, Way, Woken> {
    for (const node of nodes) {
      const way = yield* pass(run, node);
      if (way !== "on") return way;
    }
    return "on";
  }

  function* enter(run: ModelRun, branch: Branch): Generator<Wait, Way, Woken> {
    const way = yield* follow(run, branch.nodes);
    return way === "on" && branch.is_terminal ? "end" : way;
  }

  function* sleep(run: ModelRun, ref: string, until: number, hears = deaf): Generator<Wait, Woken, Woken> {
    log(run, ref, "waiting", String(until));
    const woken = yield { until, hears };
    log(run, ref, "resumed");
    return woken;
  }

  function* pass(run: ModelRun, node: Node): Generator<Wait, Way, Woken> {
    switch (node.kind) {
      case "delay":
        if (node.minutes > 0) yield* sleep(run, node.ref, now + node.minutes * MINUTE);
        else log(run, node.ref, "node_completed");
        return "on";
      case "branch":
        for (const branch of node.branches) {
          const is_taken = branch.when.some((group) => holds(group, run.data, {}));
          log(run, node.ref, "expression_evaluated", `${branch.ref} ${is_taken}`);
          if (is_taken) return yield* enter(run, branch);
        }
        log(run, node.ref, "expression_evaluated", node.otherwise.ref);
        return yield* enter(run, node.otherwise);
      case "wait": {
        if (node.holds.some((group) => holds(group, run.data, {}))) {
          log(run, node.ref, "expression_evaluated", `${node.come.ref} true`);
          return yield* enter(run, node.come);
        }
        const hears = ({ event, recipient, properties }: Told) =>
          recipient === run.recipient &&
          node.events.some((awaited) => awaited.event === event && passes(awaited, run.data, properties));
        const until = now + node.minutes * MINUTE;
        const woken = node.minutes === 0 ? "time" : yield* sleep(run, node.ref, until, hears);
        const branch = woken === "time" ? node.late : node.come;
        log(run, node.ref, "expression_evaluated", branch.ref);
        return yield* enter(run, branch);
      }
      case "batch": {
        const length =
          node.window === "seconds" ? Number(run.data.seconds) * 1000 : node.window.minutes * MINUTE;
        const key = node.key === null ? "" : JSON.stringify(run.data[node.key] ?? null);
        const closes_at = now + length;
        return yield* gather(run, node, { key, closes_at, leading: node.leading, least: 1 });
      }
      case "digest": {
        const closes_at = nextOpening(now, node.hour, node.weekdays);
        return yield* gather(run, node, { key: "", closes_at, leading: false, least: node.least ?? 1 });
      }
      case "transform":
        if (node.set === "failure") {
          log(run, node.ref, "node_failed", "error");
          return "failed";
        }
        run.data = { ...run.data, ...compute(node.set, run.data) };
        log(run, node.ref, "node_completed");
        return "on";
      case "send":
        if (can(run.recipient, node.channel)) {
          log(run, node.ref, "channels_computed");
          log(run, node.ref, "message_triggered");
          messages.push({ run: run.id, ref: node.ref, channel: node.channel, text: says(run.data) });
        } else {
          log(run, node.ref, "channels_computed", "warning");
          run.warned = true;
        }
        return "on";
    }
  }

  function* gather(
    run: ModelRun,
    { ref, retain }: Extract<Node, { kind: "batch" | "digest" }>,
    { key, closes_at, leading, least }: { key: string; closes_at: number; leading: boolean; least: number },
  ): Generator<Wait, Way, Woken> {
    const identity = JSON.stringify([run.workflow.slug, ref, run.tenant, run.recipient, key]);
    const brought = run.gathered ?? { items: [run.data], count: 1 };
    touch(identity, run);
    const open = batches.get(identity);
    // No run waits for a window in which nothing arrived: its end is noticed on the next access.
    const isOver = open?.carrier === null && open.closes_at <= now;
    if (open === undefined || isOver) {
      batches.set(identity, { identity, closes_at, carrier: null, arrivals: [], is_open: true });
      if (leading) {
        log(run, ref, "node_completed", "ahead");
        setBatch(run, brought, key);
        return "on";
      }
    }
    const batch = batches.get(identity) as Batch;
    batch.arrivals.push({ run, brought });
    run.batch = batch;
    if (batch.carrier !== null) {
      log(run, ref, "run_stopped", "batch_absorbed");
      return "end";
    }
    batch.carrier = run;
    log(run, ref, "node_entered");
    yield* sleep(run, ref, batch.closes_at);
    touch(identity, run);
    close(batch);
    const all = batch.arrivals.flatMap(({ brought }) => brought.items);
    const count = batch.arrivals.reduce((sum, { brought }) => sum + brought.count, 0);
    if (count < least) {
      log(run, ref, "run_stopped", "digest_below_min_count");
      return "end";
    }
    const items = retain.order === "first" ? all.slice(0, retain.count) : all.slice(-retain.count);
    log(run, ref, "node_completed", `${items.length} of ${count}`);
    setBatch(run, { items, count }, key);
    return "on";
  }

  function touch(identity: string, run: ModelRun): void {
    const last = touched.get(identity);
    if (last !== undefined && last.moment === moment && last.run !== run) undetermined = true;
    touched.set(identity, { moment, run });
  }

  function close(batch: Batch): void {
    batch.is_open = false;
    batches.delete(batch.identity);
  }

  function end(run: ModelRun): void {
    run.status = "cancelled";
    run.waits = null;
    log(run, null, "run_cancelled");
  }

  /**
   * Cancels the named runs, and a batch together with its carrier. If a trigger is named, or a run that left its item
   * in another run's batch, only its own items are removed, and a carrier that is left without items.
   */
  function cancel(filter: CancelFilter): ModelRun[] {
    const named = runs.filter((run) => isNamed(run, filter));
    const cancelled = new Set(named.filter(({ status }) => status === "in_progress"));
    const open = new Set(named.flatMap(({ batch }) => (batch?.is_open === true ? [batch] : [])));
    for (const batch of open) {
      const { carrier } = batch;
      if (filter.by !== "trigger" && carrier !== null && named.includes(carrier)) {
        close(batch);
        continue;
      }
      for (const { run } of batch.arrivals) {
        if (named.includes(run)) log(run, null, "batch_item_cancelled");
      }
      batch.arrivals = batch.arrivals.filter(({ run }) => !named.includes(run));
      if (carrier === null) continue;
      if (batch.arrivals.length > 0) cancelled.delete(carrier);
      else {
        close(batch);
        cancelled.add(carrier);
      }
    }
    for (const run of cancelled) end(run);
    return [...cancelled];
  }

  return {
    runs,
    requests,
    messages,
    now: () => now,
    repeats: () => repeats,
    undetermined: () => undetermined,
    cancel,
    commit: (workflow) => void live.set(workflow.slug, workflow),
    trigger({ workflow: slug, recipients, tenant, key, data }) {
      moment++;
      const { request, is_new } = accept(key);
      const workflow = live.get(slug);
      if (!is_new || workflow === undefined) return request.id;
      for (const recipient of recipients) begin(request, workflow, recipient, tenant, data);
      return request.id;
    },
    event(told) {
      moment++;
      const { request, is_new } = accept(told.key);
      if (!is_new) return request.id;
      // Which runs it wakes is decided before it starts any: waits that begin because of it are too late for it.
      const woken = runs.filter(({ waits }) => waits?.hears(told) === true);
      for (const workflow of live.values()) {
        if (workflow.event === told.event)
          begin(request, workflow, told.recipient, "default", told.properties);
      }
      for (const run of woken) go(run, told);
      return request.id;
    },
    advance(to) {
      for (;;) {
        const next = Math.min(...runs.map(({ waits }) => waits?.until ?? Number.POSITIVE_INFINITY));
        if (next > to) break;
        moment++;
        now = next;
        for (const run of runs.filter(({ waits }) => waits?.until === next)) go(run, "time");
      }
      now = to;
    },
  };
}

// oxlint-disable-next-line require-yield -- a run's way before it has one
function* empty(): Generator<Wait, Way, Woken> {
  return "end";
}

function isNamed(run: ModelRun, filter: CancelFilter): boolean {
  switch (filter.by) {
    case "run":
      return run.id === filter.run;
    case "trigger":
      return run.request.key === filter.key;
    case "recipient":
      return (
        run.status === "in_progress" &&
        run.recipient === filter.recipient &&
        (filter.workflow === null || run.workflow.slug === filter.workflow)
      );
  }
}

/** One line of a step log: time, node, stage, and the values that the spec determines. */
export function stepText(at: number, ref: string | null, stage: string, detail: string): string {
  return `${new Date(at).toISOString()} ${ref ?? "-"} ${stage} ${detail}`.trimEnd();
}

/**
 * When several batches follow each other, each gathers triggers, not the result of the previous batch. `key`: the value
 * as JSON, empty if batches have none.
 */
function setBatch(run: ModelRun, gathered: Gathered, key: string): void {
  const { items, count } = gathered;
  run.gathered = gathered;
  run.data = {
    ...run.data,
    $batched_events: items,
    $batched_events_count: count,
    $batched_event_count: count,
    $batch_key: batchKey(key === "" ? null : JSON.parse(key)),
  };
}

function batchKey(value: unknown): string | null {
  return value === null || typeof value === "string" ? value : JSON.stringify(value);
}
