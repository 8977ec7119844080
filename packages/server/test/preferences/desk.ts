import type { Channel } from "../../src/core/channel.ts";
import type { JsonObject } from "../../src/core/json.ts";
import type { CategoryChoice } from "../../src/core/preferences/preferences.ts";
import type { Db, Tx } from "../../src/db/db.ts";
import { type CategoryDocument, categoryDocumentSchema } from "../../src/preferences/category-document.ts";
import type { StoredDocument } from "../../src/preferences/category-draft.ts";
import { createPreferences, type Preferences } from "../../src/preferences/preferences.ts";
import type { CategoryPreferenceEdit } from "../../src/preferences/recipient-preferences.ts";
import type { Server } from "../harness.ts";
import { createHub, type Hub } from "../hub.ts";

/** Preferences in a separate workspace for one test, with a transaction for each call. */
export interface PreferenceBench {
  hub: Hub;
  workspace_id: number;
  preferences: Preferences;
  db: Db;
  inTx: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>;
  save: (document: CategoryDocument, commit?: { message: string | null }) => Promise<StoredDocument>;
  /** Saves and commits a document of only these categories. */
  publish: (...categories: JsonObject[]) => Promise<StoredDocument>;
  addTenant: (tenant_id: string) => Promise<void>;
  /** Creates users, or objects of a type; returns ids in the order of the names. */
  addRecipients: (names: string[], object_type?: string) => Promise<string[]>;
  addUser: (name: string) => Promise<string>;
  choose: (
    recipient_ids: string[],
    slug: string,
    edit: CategoryPreferenceEdit,
    tenant_id?: string,
  ) => Promise<string[]>;
  /** True: opted out globally. */
  restrict: (
    recipient_ids: string[],
    channels: Partial<Record<Channel, boolean>>,
    tenant_id?: string,
  ) => Promise<string[]>;
  find: (
    recipient_id: string,
    slug?: string,
    tenant_id?: string,
  ) => Promise<{ category: CategoryChoice | null; restricted_channels: Channel[] }>;
}

export function category(slug: string, more: JsonObject = {}): JsonObject {
  return { category: slug, name: slug, default_preference: "opt_in", ...more };
}

export function promotional(...categories: JsonObject[]): CategoryDocument {
  return categoryDocumentSchema.parse({
    root_categories: [{ root_category: "promotional", sections: [{ name: "Product", categories }] }],
  });
}

export async function createPreferenceBench(server: Server): Promise<PreferenceBench> {
  return furnishPreferences(await createHub(server));
}

/** The same, in the workspace of a hub. */
export async function furnishPreferences(hub: Hub): Promise<PreferenceBench> {
  const { workspace_id, services } = hub;
  const { db, catalog, recipients } = services;
  const preferences = createPreferences({ db, catalog });
  const inTx: PreferenceBench["inTx"] = (work) => db.tx(work);

  const save: PreferenceBench["save"] = (document, commit) =>
    inTx((tx) => preferences.saveCategories(tx, workspace_id, document, commit));

  async function addRecipients(names: string[], object_type = ""): Promise<string[]> {
    const edits = names.map((distinct_id) => ({
      object_type,
      distinct_id,
      operations: [],
      mode: "lenient" as const,
      restore: false,
      create: true,
    }));
    const outcomes = await inTx((tx) => recipients.apply(tx, workspace_id, edits));
    return outcomes.map((outcome) => (outcome.ok ? (outcome.recipient?.id ?? "") : ""));
  }

  return {
    hub,
    workspace_id,
    preferences,
    db,
    inTx,
    save,
    publish: (...categories) => save(promotional(...categories), { message: "test" }),
    async addTenant(tenant_id) {
      await db.query("insert into tenant (workspace_id, tenant_id) values ($1, $2)", [
        workspace_id,
        tenant_id,
      ]);
    },
    addRecipients,
    async addUser(name) {
      const [id = ""] = await addRecipients([name]);
      return id;
    },
    choose: (recipient_ids, slug, edit, tenant_id = "default") =>
      inTx((tx) =>
        preferences.setCategoryPreference(tx, workspace_id, { recipient_ids, tenant_id }, slug, edit),
      ),
    restrict(recipient_ids, channels, tenant_id = "default") {
      const edits = Object.entries(channels).map(([channel, is_restricted]) => ({
        channel: channel as Channel,
        is_restricted,
      }));
      return inTx((tx) =>
        preferences.setChannelPreference(tx, workspace_id, { recipient_ids, tenant_id }, edits),
      );
    },
    async find(recipient_id, slug = "news", tenant_id = "default") {
      const concern = { recipient_id, tenant_id, category: slug };
      const lookUp = await preferences.load(db, workspace_id, [concern]);
      const { category, restricted_channels } = lookUp(concern);
      return { category, restricted_channels: restricted_channels.toSorted() };
    },
  };
}
