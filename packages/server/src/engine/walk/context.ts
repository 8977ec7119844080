import type { Turn } from "./turn.ts";
import type { CompiledNode } from "../../catalog/workflow.ts";
import {
  type ConditionResult,
  evaluateConditions,
  evaluateEventConditions,
  type MessageFacts,
} from "../../core/conditions/conditions.ts";
import { isJsonObject, type Json, type JsonObject } from "../../core/json.ts";
import { callMessage } from "../compose/call-message.ts";
import { composeMessages } from "../compose/compose.ts";
import { mentionsLink, withLinks } from "../compose/links.ts";
import { factsOf } from "../chunk/message-facts.ts";
import type { NodeContext, RunFacts } from "../node.ts";
import { addStep, batchedPayload, eventsOf, type Person, type Run, type ChunkData } from "../run.ts";
import { type RunScope, scopeOf } from "../chunk/scope.ts";
import { categoryDigest, policyOf } from "../chunk/chunk-data.ts";

/** The `NodeContext` passed to a node. Changes it makes are visible in the run at once. */
export function createContext(turn: Turn, node: CompiledNode, memo: Json): NodeContext {
  const { run, chunkData, deps, messages } = turn;
  const { now } = run;
  let scope: RunScope | undefined;
  const scopeNow = () => (scope ??= scopeOf(run, chunkData));
  const log: NodeContext["log"] = (...step) => addStep(run, node, ...step);

  const messageStatus = (ref: string) => messageFactsOf(turn, ref);

  function setData(data: JsonObject): void {
    run.data = data;
    run.data_changed = true;
    scope = undefined;
  }

  return {
    now,
    get data() {
      return run.data;
    },
    run: runFacts(run, chunkData, scopeNow),
    node: { ref: node.ref, name: node.name },
    branches: node.branches ?? [],
    memo,
    test(conditions) {
      const { namespaces } = scopeNow();
      return tested(evaluateConditions(conditions, { namespaces, now, messageStatus }));
    },
    testEvent(conditions, properties) {
      const namespaces = { ...scopeNow().namespaces, $future_event: properties };
      return tested(evaluateEventConditions(conditions, { namespaces, now, messageStatus }));
    },
    call: run.memory.call ?? null,
    evaluate(language, source, data) {
      const seen = data === undefined ? scopeNow() : scopeOf({ ...run, data }, chunkData);
      const context = mentionsLink(source) ? withLinks(run, seen, chunkData, null) : seen.context;
      return deps.expressions.evaluate(run.workspace_id, language, source, context, now);
    },
    merge: (values) => setData({ ...run.data, ...values }),
    mergeBatch(batch) {
      run.memory.data_before_batch ??= run.data;
      run.memory.gathered = batch.count;
      setData(batchedPayload(run.data, batch));
    },
    keepEvent(properties) {
      run.memory.future_event = properties;
      scope = undefined;
    },
    log,
    deliver: (request) => {
      messages.push(...composeMessages(turn, node, request, scopeNow()));
    },
    recordCall: (record) => {
      messages.push(callMessage(run, node, record, deps));
    },
  };
}

function tested({ result, trace }: ConditionResult): { result: boolean; trace: Json } {
  return { result, trace: trace as unknown as Json };
}

function runFacts(run: Run, chunkData: ChunkData, scope: () => RunScope): RunFacts {
  const { object_type, distinct_id, recipient_id, actor, workflow } = run;
  return {
    id: run.id,
    workflow_slug: workflow.slug,
    tenant_id: run.tenant_id,
    recipient: { object_type, distinct_id, recipient_id },
    actor: actor === null ? null : personFacts(actor),
    events_of: eventsOf(run, chunkData),
    get recipient_timezone() {
      return scope().timezone;
    },
    account_timezone: chunkData.workspaces.get(run.workspace_id)?.timezone ?? null,
    version_at: workflow.version_at,
    get category_digest() {
      return categoryDigest(run, policyOf(run, chunkData), chunkData);
    },
    gathered: gatheredBy(run),
    data_before_batch: run.memory.data_before_batch ?? run.data,
  };
}

function gatheredBy({ data, memory: { gathered } }: Run): RunFacts["gathered"] {
  if (gathered === undefined) return null;
  const items = Array.isArray(data.$batched_events) ? data.$batched_events.filter(isJsonObject) : [];
  return { items, count: gathered };
}

function personFacts({ object_type, distinct_id, recipient_id }: Person): RunFacts["recipient"] {
  return { object_type, distinct_id, recipient_id };
}

/** Messages of a send node: the stored ones, and those this walk has created but not yet stored. */
function messageFactsOf({ run, chunkData, messages }: Turn, ref: string): MessageFacts | null {
  const made = messages.filter(({ node_ref }) => node_ref === ref);
  const stored = chunkData.messages.get(run.id)?.get(ref);
  if (made.length === 0) return stored ?? null;
  return { channels: [...(stored?.channels ?? []), ...made.flatMap(({ status }) => factsOf(status) ?? [])] };
}
