import { z } from "zod";
import { CHANNEL_TRAITS } from "../../../core/channel.ts";
import { defineClientRoute } from "../surface.ts";

/** Of ours: stock clients are given the key by the page that uses them (client-protocols.md 6.1). */
export default defineClientRoute({
  method: "GET",
  path: "/v1/client/vapid_key/",
  summary: "Get the key with which pages subscribe to web push",
  reply: {
    status: 200,
    body: z.object({
      vapid_public_key: z
        .string()
        .nullable()
        .describe("65 bytes in base64url. Null: the workspace has no vendor for web push."),
    }),
  },
  async handle({ auth, db, services }) {
    const stored = await services.vendors.list(db, auth.workspace.workspace_id);
    // Of several accounts the one that is used first: a subscription works with one pair alone.
    const [found] = stored
      .filter(
        ({ channel, config }) => CHANNEL_TRAITS[channel].push === "subscription" && isKey(config.public_key),
      )
      .toSorted((one, other) => other.categories.length - one.categories.length);
    return { vapid_public_key: isKey(found?.config.public_key) ? found.config.public_key : null };
  },
});

function isKey(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
