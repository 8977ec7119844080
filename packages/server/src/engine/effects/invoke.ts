import type { EffectFunction } from "../deps.ts";
import { CHANNEL_TRAITS, channelKey } from "../../core/channel.ts";
import type { StoredIdentity } from "../../core/profile/identity.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import type { Lane } from "../../core/lane.ts";
import { parseTrigger } from "../../core/trigger.ts";
import { int, rowsOf, text } from "../../db/bulk.ts";
import type { Tx } from "../../db/db.ts";
import type { Done, Invocation, Named, Who } from "../effect.ts";
import { availabilityOf } from "../../catalog/availability.ts";
import { insertRequests, type InternalRequest, MAX_DEPTH, nextDepth } from "./internal-request.ts";
import { type ChunkData, idNow, personOf, type Run } from "../run.ts";

const MAX_RECIPIENTS = 100;

/**
 * Triggers other workflows as if their API were called: separate requests, which expand in their own lane and pass
 * every gate. The key consists of the run and its node, so that a redriven run does not trigger twice: then there is no
 * `request_id` in the detail.
 */
export const invoke: EffectFunction<"invoke"> = async (tx, asked, chunkData, deps) => {
  const plans = asked.map(({ run, request }) => plan(run, request, chunkData));
  const calls = plans.flatMap((one) => (one.ok ? [one.request] : []));
  const claimed = await claim(tx, calls);
  const fresh = calls.filter(({ idempotency_key }) => claimed.has(idempotency_key));
  const ids = await insertRequests(tx, fresh, deps);
  const made = new Map(fresh.map((request, index) => [request, ids[index] ?? null]));
  return plans.map((one): Done => {
    if (!one.ok) return one;
    return { ok: true, detail: { workflow: one.request.name, request_id: made.get(one.request) ?? null } };
  });
};

type Plan = { ok: true; request: InternalRequest } | { ok: false; reason: string };

function plan(run: Run, invocation: Invocation, chunkData: ChunkData): Plan {
  const depth = nextDepth(run);
  if (depth === null) return refusedPlan(`workflows trigger each other more than ${MAX_DEPTH} deep`);
  const { workflow } = invocation;
  const target = chunkData.targets.get(`${run.workspace_id}/${workflow}`) ?? null;
  const found = availabilityOf(target, workflow);
  if (!found.ok) return refusedPlan(found.reason);
  const body = toBody(run, invocation, chunkData);
  const parsed = parseTrigger(body, { max_recipients: MAX_RECIPIENTS });
  return parsed.ok
    ? { ok: true, request: toRequest(run, invocation, body, found.live.lane, depth) }
    : refusedPlan(parsed.message);
}

function toBody(
  run: Run,
  { workflow, recipients, actor, data }: Invocation,
  chunkData: ChunkData,
): JsonObject {
  const { tenant_id } = run;
  return {
    workflow,
    recipients: recipients.map((one) => toTriggered(run, one, chunkData)),
    ...(actor === null ? {} : { actor: toTriggered(run, actor, chunkData) }),
    data,
    tenant_id,
  };
}

function toRequest(
  run: Run,
  { node_ref, workflow, recipients }: Invocation,
  body: JsonObject,
  lane: Lane,
  depth: number,
): InternalRequest {
  return {
    workspace_id: run.workspace_id,
    lane,
    api_type: "workflow",
    name: workflow,
    tenant_id: run.tenant_id,
    idempotency_key: `${run.id}:${node_ref}`,
    body,
    parent_run_id: run.id,
    depth,
    weight: recipients.length,
  };
}

/** A person of this run, as a trigger would name them. */
function toTriggered(run: Run, one: Named, chunkData: ChunkData): Json {
  if ("named" in one) return one.named;
  const person = personOf(run, one.who);
  if (person === null) return null;
  const { object_type, recipient_id } = person;
  const distinct_id = idNow(person, chunkData);
  const key = object_type === "" ? { distinct_id } : { object_type, id: distinct_id };
  // One who is deleted before that request is expanded stays deleted.
  if (recipient_id !== null) return { ...key, $skip_create: true };
  // A person who is not stored: passes on their inline data, and keeps them unstored.
  const inline = asTriggered(run, one.who);
  return one.who === "recipient" && run.inline?.is_transient === true
    ? { ...inline, is_transient: true }
    : { ...inline, ...key, $skip_create: true };
}

/** All inline data of the trigger about a person, in a trigger's form: properties, addresses, allowed channels. */
function asTriggered({ inline, actor }: Run, who: Who): JsonObject {
  if (who === "actor") return { ...actor?.properties };
  if (inline === null) return {};
  const channels = [...Map.groupBy(inline.identities, ({ channel }) => channel)];
  return {
    ...inline.properties,
    ...Object.fromEntries(channels.map(([channel, own]) => [channelKey(channel), own.map(toInput)])),
    ...(inline.only === null ? {} : { $channels: inline.only }),
  };
}

/** Adds the provider to device tokens, which are only valid with it. */
function toInput({ channel, value, provider, device_id, bundle_id }: StoredIdentity): Json {
  return CHANNEL_TRAITS[channel].push === "token" ? { token: value, provider, device_id, bundle_id } : value;
}

/** Returns the keys that were not used before. They contain run ids, so no two workspaces share one. */
async function claim(tx: Tx, calls: InternalRequest[]): Promise<Set<string>> {
  if (calls.length === 0) return new Set();
  const { from, values } = rowsOf("k", calls, {
    workspace_id: int((call) => call.workspace_id),
    key: text((call) => call.idempotency_key),
  });
  const rows = await tx.query<{ key: string }>(
    `insert into idempotency (workspace_id, kind, key, request_id)
     select distinct on (workspace_id, key) workspace_id, 'invoke', key, gen_random_uuid()
       from ${from} order by workspace_id, key
     on conflict do nothing returning key`,
    values,
    "invoke_claim",
  );
  return new Set(rows.map(({ key }) => key));
}

function refusedPlan(reason: string): Plan {
  return { ok: false, reason };
}
