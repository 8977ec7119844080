import type { MessageFacts } from "../../core/conditions/conditions.ts";
import { keysOf } from "../../db/bulk.ts";
import type { Queryable } from "../../db/db.ts";
import type { Run } from "../run.ts";

type Fact = MessageFacts["channels"][number];

const DELIVERED = new Set(["delivered", "seen", "read", "clicked", "dismissed"]);
const SEEN = new Set(["seen", "read", "clicked", "dismissed"]);
const FAILED = new Set(["failure_by_vendor", "trigger_failed"]);
/** Never sent, so they neither arrive nor fail. */
const NOT_SENT = new Set(["not_to_be_triggered", "trigger_blocked"]);

/**
 * Facts of one message: statuses only move forward, and later ones imply earlier ones. Null for a message that was
 * never to be sent, or that failed inside Carillon: only a message that a vendor was asked to send can fail to arrive.
 * `failure_class` comes from delivery; without one no vendor was called.
 */
export function factsOf(status: string, failure_class: string | null = null): Fact | null {
  if (NOT_SENT.has(status)) return null;
  if (status === "trigger_failed" && (failure_class === null || failure_class === "internal")) return null;
  return {
    delivered: DELIVERED.has(status),
    seen: SEEN.has(status),
    clicked: status === "clicked",
    failed: FAILED.has(status),
  };
}

interface FactRow {
  execution_id: string;
  node_ref: string;
  status: string;
  failure_class: string | null;
  clicked: boolean;
}

/** Relies on the index by execution. Free for workflows whose conditions do not refer to messages. */
export async function loadMessageFacts(
  tx: Queryable,
  runs: Run[],
): Promise<Map<string, Map<string, MessageFacts>>> {
  const asking = runs.filter(({ workflow }) => workflow.asks_for_messages);
  const facts = new Map<string, Map<string, { channels: Fact[] }>>();
  if (asking.length === 0) return facts;
  const { from, values } = keysOf(asking);
  const rows = await tx.query<FactRow>(
    `select m.execution_id, m.node_ref, m.status, m.failure_class, m.clicked_at is not null as clicked
       from ${from}
       join message m on m.workspace_id = k.workspace_id and m.execution_id = k.id`,
    values,
    "message_facts",
  );
  for (const { execution_id, node_ref, status, failure_class, clicked } of rows) {
    const nodes = facts.get(execution_id) ?? new Map<string, { channels: Fact[] }>();
    facts.set(execution_id, nodes);
    const fact = factsOf(clicked ? "clicked" : status, failure_class);
    if (fact === null) continue;
    const known = nodes.get(node_ref);
    if (known === undefined) nodes.set(node_ref, { channels: [fact] });
    else known.channels.push(fact);
  }
  return facts;
}
