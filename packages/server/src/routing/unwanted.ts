import type { Catalog } from "../catalog/catalog.ts";
import { type Channel, isChannel } from "../core/channel.ts";
import { type CategoryPolicy, evaluatePreference } from "../core/preferences/preferences.ts";
import type { Queryable } from "../db/db.ts";
import { policyKey, type Preferences } from "../preferences/preferences.ts";

/**
 * Messages that were decided on and wait: for their turn in a routing, or for another attempt at their vendor. A recipient
 * who has turned the channel off since then does not get them.
 */
export interface Waiting extends Concern {
  channel: Channel;
  /** Null: a recipient who is not stored. */
  recipient_id: string | null;
}

export interface Concern {
  workspace_id: number;
  tenant_id: string;
  /** Slug. */
  category: string;
}

/** By `concernKey`. */
export type Policies = Map<string, { policy: CategoryPolicy | null; blocked: Channel[] | null }>;

export const concernKey = ({ workspace_id, tenant_id, category }: Concern) =>
  policyKey(workspace_id, tenant_id, category);

/** Call it before the transaction: what is not cached is read over another connection. */
export async function loadPolicies(
  { catalog, preferences }: { catalog: Catalog; preferences: Preferences },
  concerns: readonly Concern[],
): Promise<Policies> {
  const policies: Policies = new Map();
  for (const concern of concerns) {
    const { workspace_id, tenant_id, category } = concern;
    const tenant = await catalog.findTenant(workspace_id, tenant_id);
    policies.set(concernKey(concern), {
      policy: await preferences.findPolicy(workspace_id, tenant_id, category),
      blocked: tenant?.blocked_channels?.filter(isChannel) ?? null,
    });
  }
  return policies;
}

/** Those whose recipients or tenants have turned the channel off since it was decided on, with the reason. */
export async function findUnwanted<Message extends Waiting>(
  tx: Queryable,
  waiting: readonly Message[],
  policies: Policies,
  { preferences }: { preferences: Preferences },
): Promise<Map<Message, string>> {
  const unwanted = new Map<Message, string>();
  for (const [workspace_id, own] of Map.groupBy(waiting, (message) => message.workspace_id)) {
    const choices = await preferences.load(tx, workspace_id, own);
    for (const message of own) {
      const known = policies.get(concernKey(message));
      if (known === undefined) throw new Error("a message is due whose policy was not read");
      const { refused } = evaluatePreference({
        category: message.category,
        policy: known.policy,
        tenant_id: message.tenant_id,
        tenant_blocked_channels: known.blocked,
        choice: choices(message),
        channels: [message.channel],
      });
      const reason = refused.get(message.channel);
      if (reason !== undefined) {
        unwanted.set(message, `${message.channel} was turned off meanwhile: ${reason}`);
      }
    }
  }
  return unwanted;
}
