import { z } from "zod";
import { isJsonObject, type JsonObject } from "../../../../core/json.ts";
import { profileFromRecipient, profileFromUpsert } from "../../../../core/profile/profile-operations.ts";
import type { RecipientSpec } from "../../../../core/trigger.ts";
import { AppError } from "../../../../errors.ts";
import { defineRoute } from "../../../../http/route.ts";
import { type RecipientEdit, type RecipientKey, recipientKey } from "../../../../recipients/recipients.ts";
import { addSubscriptions } from "../../../../recipients/subscriptions.ts";
import { ONE_OBJECT } from "../../present-profile.ts";
import { recipient } from "../../wire-schemas.ts";
import { objectKey, objectParams } from "../present-object.ts";
import { readSubscribers, requireDone } from "./named-subscribers.ts";
import { readSubscriptions, subscriptionShape } from "./present-subscription.ts";

const map = z.custom<JsonObject>(isJsonObject, "must be a JSON object").nullish();

const body = z
  .object(
    {
      recipients: z.unknown().meta({ type: "array", minItems: 1, maxItems: 100, items: recipient }),
      properties: map.meta({ type: "object" }).describe("Of every subscription that the call makes."),
      parent_object_properties: map
        .meta({ type: "object" })
        .describe(
          "The object's profile: it is created, or added to. Without it a missing object is not found.",
        ),
    },
    ONE_OBJECT,
  )
  .meta({
    example: {
      recipients: [
        "ann",
        { distinct_id: "bob", $email: ["bob@example.com"] },
        { object_type: "teams", id: "tax" },
      ],
      properties: { role: "admin" },
    },
  });

export default defineRoute({
  method: "POST",
  path: "/v1/object/:object_type/:id/subscription/",
  summary: "Subscribe up to 100 users and objects to an object",
  params: objectParams,
  body,
  reply: {
    status: 200,
    body: z.object({ results: z.array(subscriptionShape) }),
    description:
      "Users and objects that did not exist have been created. Properties that are sent replace those of a subscription that existed.",
  },
  errors: ["invalid_request_error", "not_found", "bad_json"],
  async handle({ params, body, auth, db, services }) {
    const { workspace_id } = auth.workspace;
    const { recipients, ids } = services;
    const object = objectKey(params);
    const named = readSubscribers(body.recipients);
    const parent = toParentEdit(object, body.parent_object_properties ?? null);
    const edits = [...parent, ...named.map(toEdit)];
    const outcomes = await recipients.apply(db, workspace_id, edits);
    outcomes.forEach((outcome, index) => {
      if (outcome.ok) return;
      const prefix = index < parent.length ? PARENT : "";
      throw new AppError("invalid_request_error", `${prefix}${outcome.error}`);
    });
    const subscribers = named.map(({ object_type, distinct_id }) => ({ object_type, distinct_id }));
    const properties = body.properties ?? null;
    const item = {
      object_type: object.object_type,
      object_id: object.distinct_id,
      subscribers,
      create_if_missing: false,
      properties: properties ?? {},
    };
    const existing = properties === null ? "merge" : "replace";
    requireDone(object, await addSubscriptions(db, workspace_id, [item], ids, existing));
    const stored = await recipients.load(db, workspace_id, [object, ...subscribers]);
    const rowOf = (key: RecipientKey) => stored.get(recipientKey(key))?.id ?? "";
    return {
      results: await readSubscriptions(db, workspace_id, rowOf(object), subscribers.map(rowOf)),
    };
  },
});

const PARENT = "parent_object_properties: ";

function toParentEdit(object: RecipientKey, profile: JsonObject | null): RecipientEdit[] {
  if (profile === null) return [];
  const { operations } = profileFromUpsert(profile, "object");
  return [{ ...object, operations, mode: "strict", restore: true, create: true }];
}

function toEdit({ object_type, distinct_id, profile, skip_create }: RecipientSpec): RecipientEdit {
  const operations = profile === null ? [] : profileFromRecipient(profile).operations;
  return { object_type, distinct_id, operations, mode: "strict", restore: true, create: !skip_create };
}
