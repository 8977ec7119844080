import type { EffectFunction } from "../deps.ts";
import { notFoundText, type RecipientKey } from "../../recipients/recipient.ts";
import {
  addSubscriptions,
  removeSubscriptions,
  type SubscriptionOutcome,
} from "../../recipients/subscriptions.ts";
import type { Done, SubscriptionEdit } from "../effect.ts";
import { personOf, type Run } from "../run.ts";

interface Ask {
  run: Run;
  request: SubscriptionEdit;
}

/** Subscribes people to objects or unsubscribes them; additions first. */
export const editSubscriptions: EffectFunction<"edit_subscription"> = async (
  tx,
  asked,
  _surroundings,
  deps,
) => {
  const results = new Map<Ask, Done>();
  for (const [workspace_id, own] of Map.groupBy(asked, ({ run }) => run.workspace_id)) {
    const { add = [], remove = [] } = Object.groupBy(own, ({ request }) => request.op);
    if (add.length > 0) {
      const items = add.map(({ run, request }) => ({ ...toItem(run, request), ...additions(request) }));
      settle(add, await addSubscriptions(tx, workspace_id, items, deps.ids), results);
    }
    if (remove.length > 0) {
      const items = remove.map(({ run, request }) => toItem(run, request));
      settle(remove, await removeSubscriptions(tx, workspace_id, items), results);
    }
  }
  return asked.map((ask) => results.get(ask) ?? { ok: false, reason: "the operation was lost" });
};

function toItem(run: Run, { object_type, object_id, who }: SubscriptionEdit) {
  const subscribers = who.flatMap((one) => {
    const person = personOf(run, one);
    if (person === null || person.recipient_id === null) return [];
    return [{ object_type: person.object_type, distinct_id: person.distinct_id }];
  });
  return { object_type, object_id, subscribers };
}

function additions({ create_if_missing, properties }: SubscriptionEdit) {
  return { create_if_missing, properties };
}

function settle(asked: Ask[], outcomes: SubscriptionOutcome[], results: Map<Ask, Done>): void {
  asked.forEach((ask, index) => {
    const outcome = outcomes[index];
    if (outcome === undefined) return;
    results.set(
      ask,
      outcome.ok
        ? { ok: true, detail: { changed: outcome.changed, warnings: outcome.missing.map(goneText) } }
        : { ok: false, reason: outcome.error },
    );
  });
}

/** A person who existed when the run was loaded and was deleted since. */
function goneText(key: RecipientKey): string {
  return `${notFoundText(key)}, and left out`;
}
