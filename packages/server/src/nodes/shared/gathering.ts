import type { StepCode } from "../../core/log/step-log.ts";
import { z } from "zod";
import { contentHash } from "../../catalog/content-hash.ts";
import { isJsonObject, type Json, type JsonObject } from "../../core/json.ts";
import { next, type NodeContext, type NodeOutcome, requestEffect } from "../../engine/node.ts";

/**
 * Common part of batches and digests: many runs of one recipient become one. The first carries the batch and sleeps
 * until the window closes, the others leave their payload and end, and the carrier continues with all of it.
 */
const MAX_RETAINED = 100;
const RETAINED = 10;

/** Settings for how many gathered items the run continues with; the count always includes all. */
export const retentionFields = {
  retain_count: z
    .int({ error: `must be a whole number from 1 to ${MAX_RETAINED}` })
    .min(1, { error: `must be from 1 to ${MAX_RETAINED}` })
    .max(MAX_RETAINED, { error: `must be from 1 to ${MAX_RETAINED}` })
    .nullish()
    .meta({ description: "How many payloads `$batched_events` has at most.", default: RETAINED }),
  retain_order: z
    .enum(["first", "last"], { error: "must be first or last" })
    .nullish()
    .meta({ description: "Which of them, always in order of arrival.", default: "first" }),
};

/** The text of a jq expression; whether it parses is checked separately. */
export function expressionText(example: string): z.ZodString {
  return z
    .string({ error: `must be text: a jq expression such as ${example}` })
    .regex(/\S/, { error: `must not be empty: a jq expression such as ${example}` });
}

export interface GatheringWindow {
  /** Different values form separate batches, whatever the order of their keys; undefined: one batch for all. */
  bucket: Json | undefined;
  /** Used only by the run that opens the window; no other moves it. */
  closes_at: Date;
  /** The run that opens the window continues at once, and is not part of the batch that follows it. */
  flush_leading: boolean;
}

/** The outcome of a gathering node's `run`. */
export function gatherInto(
  ctx: NodeContext,
  { bucket, closes_at, flush_leading }: GatheringWindow,
): NodeOutcome {
  const { items, count } = broughtBy(ctx);
  const identity = bucket === undefined ? "" : contentHash(bucket);
  const key = keyText(bucket ?? null);
  return requestEffect("gather", { key: identity, closes_at, flush_leading, items, count }, (gathered) => {
    const { batch_id } = gathered;
    switch (gathered.role) {
      case "carrier":
        ctx.log("info", "node_entered", `carries batch ${batch_id}`, factsOf(gathered));
        return { kind: "suspend", until: gathered.closes_at, batch_id, memo: { batch_id, key } };
      case "leading":
        ctx.log("info", "node_completed", `went ahead of batch ${batch_id}`, factsOf(gathered));
        ctx.mergeBatch({ items, count, key });
        return { kind: "next" };
      case "joined": {
        const { carrier_run_id } = gathered;
        return {
          kind: "exit",
          message: `joined batch ${batch_id} carried by ${carrier_run_id}`,
          facts: { code: "batch_absorbed", carrier_execution_id: carrier_run_id, ...factsOf(gathered) },
        };
      }
    }
  });
}

/**
 * For a run that is not gathered with others: creates a batch of its own, so that later nodes find the keys they
 * expect.
 */
export function batchAlone(ctx: NodeContext): NodeOutcome {
  ctx.mergeBatch({ ...broughtBy(ctx), key: null });
  return next;
}

function broughtBy({ run, data }: NodeContext): { items: JsonObject[]; count: number } {
  return run.gathered ?? { items: [withoutBatch(data)], count: 1 };
}

function factsOf({ batch_id, closes_at }: { batch_id: string; closes_at: Date }): JsonObject {
  return { batch_id, closes_at: closes_at.toISOString() };
}

/**
 * Removes batch keys, so that each of several gathering nodes in a row gathers triggers, not the previous node's
 * result.
 */
function withoutBatch(data: JsonObject): JsonObject {
  const {
    $batched_events: _events,
    $batched_events_count: _count,
    $batched_event_count: _singular,
    $batch_key: _key,
    ...item
  } = data;
  return item;
}

export interface Retention {
  retain_count?: number | null | undefined;
  retain_order?: "first" | "last" | null | undefined;
}

/** The outcome of a gathering node's `resume`. With fewer than `least` items the run completes without continuing. */
export function closeGathered(
  ctx: NodeContext,
  { retain_count, retain_order }: Retention,
  least: { count: number; code: StepCode } | null,
): NodeOutcome {
  const { batch_id, key } = batchOf(ctx.memo);
  const request = {
    batch_id,
    retain_count: retain_count ?? RETAINED,
    retain_order: retain_order ?? "first",
  };
  return requestEffect("seal", request, ({ items, count }) => {
    // Cancelled, or carried on by another run after this one failed.
    if (count === 0) return { kind: "exit", message: `batch ${batch_id} is gone`, facts: { batch_id } };
    const facts = { batch_id, count, retained: items.length };
    if (least !== null && count < least.count) {
      return {
        kind: "exit",
        message: `gathered ${count} of at least ${least.count}`,
        facts: { code: least.code, least: least.count, ...facts },
      };
    }
    ctx.log("info", "node_completed", `closed batch ${batch_id} of ${count}`, facts);
    ctx.mergeBatch({ items, count, key });
    return { kind: "next" };
  });
}

/** The key is null for runs that fell asleep before keys were stored. */
function batchOf(memo: Json): { batch_id: string; key: string | null } {
  const { batch_id, key } = isJsonObject(memo) ? memo : {};
  if (typeof batch_id !== "string") throw new Error("a run that gathers has forgotten its batch");
  return { batch_id, key: typeof key === "string" ? key : null };
}

function keyText(bucket: Json): string | null {
  return bucket === null || typeof bucket === "string" ? bucket : JSON.stringify(bucket);
}
