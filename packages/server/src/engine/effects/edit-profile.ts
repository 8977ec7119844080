import type { EffectDeps, EffectFunction } from "../deps.ts";
import type { JsonObject } from "../../core/json.ts";
import { editProfile } from "../../core/profile/profile-edit.ts";
import { profileFromUpsert } from "../../core/profile/profile-operations.ts";
import { notFoundText } from "../../recipients/recipient.ts";
import type { Done, ProfileEdit } from "../effect.ts";
import { overwriteInline } from "../chunk/profile.ts";
import { type ChunkData, personOf } from "../run.ts";
import { signalProfiles } from "../waits/profile-signals.ts";

/** Writes to the global profiles of users, as an upsert would; later nodes of the same walk see the new values. */
export const editProfiles: EffectFunction<"edit_profile"> = async (tx, asked, chunkData, deps) => {
  const results = new Map<(typeof asked)[number], Done>();
  for (const [workspace_id, own] of Map.groupBy(asked, ({ run }) => run.workspace_id)) {
    const edits = own.flatMap((ask) => {
      const person = personOf(ask.run, ask.request.who);
      if (person === null || person.object_type !== "" || person.recipient_id === null) {
        results.set(ask, { ok: false, reason: `the ${ask.request.who} is not a stored user` });
        return [];
      }
      return [{ ask, person }];
    });
    const outcomes = await deps.recipients.apply(
      tx,
      workspace_id,
      edits.map(({ ask, person: { distinct_id } }) => ({
        object_type: "",
        distinct_id,
        operations: profileFromUpsert(ask.request.properties).operations,
        mode: "lenient" as const,
        restore: true,
        create: false,
      })),
    );
    outcomes.forEach((outcome, index) => {
      const edit = edits[index];
      if (edit === undefined) return;
      const { ask, person } = edit;
      if (!outcome.ok) results.set(ask, { ok: false, reason: outcome.error });
      else if (outcome.recipient === null) results.set(ask, { ok: false, reason: notFoundText(person) });
      else {
        overwriteInline(ask.run, outcome.recipient.id, (said) => written(said, ask.request, deps));
        results.set(ask, { ok: true, detail: { warnings: outcome.edit?.warnings ?? [] } });
      }
    });
    remember(chunkData, outcomes);
    await signalProfiles(tx, workspace_id, outcomes, own[0]?.run.now ?? new Date(), deps.queue);
  }
  return asked.map((ask) => results.get(ask) ?? { ok: false, reason: "the edit was lost" });
};

/** Applies the edit to a person's properties. */
function written(properties: JsonObject, edit: ProfileEdit, { recipients }: EffectDeps): JsonObject {
  const { operations } = profileFromUpsert(edit.properties);
  const { parseIdentity } = recipients;
  const result = editProfile({ properties, identities: [] }, operations, { parseIdentity, mode: "lenient" });
  return result.ok ? result.edit.profile.properties : properties;
}

type Outcomes = Parameters<typeof signalProfiles>[2];

/** Updates the chunk's recipients but keeps their tenant profiles, which were not edited. */
function remember({ recipients }: ChunkData, outcomes: Outcomes): void {
  for (const outcome of outcomes) {
    if (!outcome.ok || outcome.recipient === null) continue;
    const { recipient } = outcome;
    const { tenant_profiles } = recipients.get(recipient.id) ?? recipient;
    recipients.set(recipient.id, { ...recipient, tenant_profiles });
  }
}
