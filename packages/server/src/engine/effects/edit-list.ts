import type { EffectFunction } from "../deps.ts";
import type { ListEvent } from "../../lists/lists.ts";
import type { Done, ListEdit } from "../effect.ts";
import { insertRequests, type InternalRequest, MAX_DEPTH, nextDepth } from "./internal-request.ts";
import { requestOf } from "./list-events.ts";
import { personOf, type Run } from "../run.ts";

interface Ask {
  run: Run;
  request: ListEdit;
}

/** Adds people to lists or removes them; additions first. A user who actually entered or left causes the
 * list's event, where the list or a workflow asks for it. */
export const editLists: EffectFunction<"edit_list"> = async (tx, asked, _surroundings, deps) => {
  const results = new Map<Ask, Done>();
  const events: InternalRequest[] = [];
  for (const [workspace_id, own] of Map.groupBy(asked, ({ run }) => run.workspace_id)) {
    const { add = [], remove = [] } = Object.groupBy(own, ({ request }) => request.op);
    for (const [asks, op] of [
      [add, deps.lists.add],
      [remove, deps.lists.remove],
    ] as const) {
      if (asks.length === 0) continue;
      const items = asks.map(({ run, request }) => ({ ...request, recipient_ids: usersOf(run, request) }));
      const outcomes = await op(tx, workspace_id, items);
      asks.forEach((ask, index) => {
        const outcome = outcomes[index];
        if (outcome === undefined) return;
        if (!outcome.ok) {
          results.set(ask, { ok: false, reason: outcome.error });
          return;
        }
        const { members, event } = outcome;
        const depth = nextDepth(ask.run);
        const isLost = event !== null && depth === null && members.length > 0;
        const warnings = isLost ? [NO_EVENT] : [];
        results.set(ask, { ok: true, detail: { changed: members.length, warnings } });
        if (event === null || depth === null) return;
        events.push(...members.map(({ distinct_id }) => toRequest(ask.run, distinct_id, event, depth)));
      });
    }
  }
  await insertRequests(tx, events, deps);
  return asked.map((ask) => results.get(ask) ?? { ok: false, reason: "the operation was lost" });
};

/** A workflow started by a list's event may move people between lists, and so on without end. */
const NO_EVENT = `no event is caused: workflows trigger each other more than ${MAX_DEPTH} deep`;

/** Only stored users can be in lists. */
function usersOf(run: Run, { who }: ListEdit): string[] {
  return who.flatMap((one) => {
    const person = personOf(run, one);
    return person === null || person.object_type !== "" || person.recipient_id === null
      ? []
      : [person.recipient_id];
  });
}

function toRequest(run: Run, distinct_id: string, event: ListEvent, depth: number): InternalRequest {
  const { workspace_id, tenant_id } = run;
  return {
    workspace_id,
    lane: run.workflow.lane,
    tenant_id,
    idempotency_key: `${run.id}:${event.event}:${distinct_id}`,
    parent_run_id: run.id,
    depth,
    ...requestOf(event, distinct_id, tenant_id),
  };
}
