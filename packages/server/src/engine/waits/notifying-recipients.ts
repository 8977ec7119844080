import type { Recipients } from "../../recipients/recipients.ts";
import { readNows } from "../../workspaces/clock.ts";
import type { EngineDeps } from "../deps.ts";
import { tellProfiles } from "./notify-profiles.ts";

/**
 * Recipients as everybody outside the engine is handed them: whoever edits a profile tells, by the same transaction,
 * the runs that wait with an eye on it. An endpoint cannot forget it. The engine, which tells by itself, has the
 * plain ones.
 */
export function tellingRecipients(
  recipients: Recipients,
  { dispatch, clock }: Pick<EngineDeps, "dispatch" | "clock">,
): Recipients {
  return {
    ...recipients,
    async apply(tx, workspace_id, edits, tenant_ids) {
      const outcomes = await recipients.apply(tx, workspace_id, edits, tenant_ids);
      if (!outcomes.some((outcome) => outcome.ok && outcome.changed)) return outcomes;
      const now = (await readNows(tx, [workspace_id], await clock(tx))).get(workspace_id);
      if (now === undefined) throw new Error(`workspace ${workspace_id} is gone`);
      await tellProfiles(tx, workspace_id, outcomes, now, dispatch);
      return outcomes;
    },
  };
}
