import { z } from "zod";
import { LONG_OBJECT_TYPE, MAX_OBJECT_TYPE } from "../../../core/text/recipient-name.ts";
import { microsOffset } from "../../../core/time/wire-time.ts";
import type { Queryable } from "../../../db/db.ts";
import { AppError } from "../../../errors.ts";
import { MAX_COUNT } from "../../../http/cursor.ts";
import { notFoundText, type RecipientKey } from "../../../recipients/recipient.ts";
import type { StoredRecipient } from "../../../recipients/recipients.ts";
import { countSubscribers } from "../../../recipients/subscribers.ts";
import type { Workspace } from "../../../workspaces/workspaces.ts";
import { presentProfile, recipientId } from "../present-profile.ts";
import { OBJECT_EXAMPLE, shownObject } from "../wire-schemas.ts";

/** Objects as the wire shows them, and what their endpoints share. */
const object_type = z
  .string()
  .trim()
  .min(1, "is a required field")
  .max(MAX_OBJECT_TYPE, LONG_OBJECT_TYPE)
  .describe("What kind of object it is, percent-encoded; by convention in the plural.");

export const typeParams = z.object({ object_type });

export const objectParams = typeParams.extend({
  id: recipientId().describe("The object's id in your system, percent-encoded."),
});

export const objectShape = z
  .looseObject({
    object_type: z.string(),
    id: z.string(),
    subscriptions_count: z.int().describe(`How many subscribe to it; counted up to ${MAX_COUNT}.`),
    properties: z.record(z.string(), z.unknown()),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .describe("Each channel the object has is there as `$email`, `$slack` …: a list of identities.")
  .meta({ properties: shownObject, examples: [OBJECT_EXAMPLE] });

export type ObjectView = z.input<typeof objectShape>;

export function objectKey({ object_type, id }: z.output<typeof objectParams>): RecipientKey {
  return { object_type, distinct_id: id };
}

/** In the order of the objects. */
export async function presentObjects(
  db: Queryable,
  workspace: Workspace,
  objects: readonly StoredRecipient[],
): Promise<ObjectView[]> {
  const counts = await countSubscribers(
    db,
    workspace.workspace_id,
    objects.map(({ id }) => id),
    MAX_COUNT,
  );
  return objects.map((object) => ({
    object_type: object.object_type,
    id: object.distinct_id,
    subscriptions_count: counts.get(object.id) ?? 0,
    ...presentProfile(object, workspace),
  }));
}

export async function presentObject(
  db: Queryable,
  workspace: Workspace,
  object: StoredRecipient,
): Promise<ObjectView> {
  const [view] = await presentObjects(db, workspace, [object]);
  if (view === undefined) throw new Error("the object was not shown");
  return view;
}

export const briefObjectShape = z.object({
  id: z.string(),
  object_type: z.string(),
  subscriptions_count: z.int(),
  updated_at: z.string(),
});

/** An object as one end of a subscription. */
export function presentBrief(
  object: { object_type: string; distinct_id: string; updated_at: Date },
  subscriptions_count: number,
): z.input<typeof briefObjectShape> {
  return {
    id: object.distinct_id,
    object_type: object.object_type,
    subscriptions_count,
    updated_at: microsOffset(object.updated_at),
  };
}

export function objectNotFound(key: RecipientKey): AppError {
  return new AppError("not_found", notFoundText(key));
}
