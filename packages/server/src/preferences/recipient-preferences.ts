import { storableJson } from "../core/text/text.ts";
import type { Channel } from "../core/channel.ts";
import type { Json } from "../core/json.ts";
import {
  type CategoryChoice,
  type CategoryPolicy,
  effectiveDefaults,
  isMandatory,
  isShown,
} from "../core/preferences/preferences.ts";
import type { Queryable } from "../db/db.ts";
import { mergeValues, type PropertyValues, valueProblems } from "../core/preferences/category-properties.ts";
import { personKey, selectRestricted } from "./choices.ts";
import { type DigestSelection, selectionProblems } from "../core/preferences/digest-schedule.ts";
import { type Category, categoryNotFound, getCategories } from "../catalog/live-categories.ts";
import { refuse, tenantNotFound } from "./refusals.ts";
import { loadTenantCategories } from "./tenant-category.ts";

/**
 * Writes recipients' choices. Writes for one recipient are serialised by the lock of its row, so that the fields an
 * edit leaves out are those of the previous edit.
 */

/** One or several recipients, all of which get the same choice. */
export interface Who {
  recipient_ids: readonly string[];
  tenant_id: string;
}

export interface CategoryPreferenceEdit {
  preference: "opt_in" | "opt_out";
  // Undefined: unchanged. Null: the defaults.
  opt_out_channels?: Channel[] | null | undefined;
  opt_in_channels?: Channel[] | null | undefined;
  digest_schedule?: DigestSelection | null | undefined;
  /** Merged by key; a null value restores the tenant's. */
  properties?: PropertyValues | null | undefined;
}

export interface ChannelPreferenceEdit {
  channel: Channel;
  /** True: only categories where the channel is mandatory use it. */
  is_restricted: boolean;
}

/** The edit of one category among several. */
export interface NamedCategoryEdit extends CategoryPreferenceEdit {
  /** Slug. */
  category: string;
}

/**
 * Stores choices for published categories, the same for every recipient; returns the ids of the recipients that exist.
 * All or nothing: refuses a tenant or a category that does not exist or that the tenant disabled or hid, and digest
 * selections or properties that the category does not let recipients set. `fieldOf`: where the edit is in the request.
 *
 * Channels that a recipient cannot change now (mandatory, or opted out globally) keep their stored state: clients send
 * the list that they display, where such a channel is off, and it must not stay off when the global opt-out ends.
 */
async function setCategoryPreferences(
  tx: Queryable,
  workspace_id: number,
  { recipient_ids, tenant_id }: Who,
  edits: readonly NamedCategoryEdit[],
  fieldOf: (index: number) => string = (index) => `categories[${index}].`,
): Promise<string[]> {
  await holdTenant(tx, workspace_id, tenant_id);
  const policies = await loadPolicies(tx, workspace_id, tenant_id, edits);
  refuse(
    edits.flatMap((edit, index) =>
      problemsOf(edit, policies.get(edit.category)?.category ?? null).map(
        ([field, reason]): [string, string] => [`${fieldOf(index)}${field}`, reason],
      ),
    ),
  );
  const ids = await lockRecipients(tx, workspace_id, recipient_ids);
  if (ids.length === 0 || policies.size === 0) return ids;
  const stored = await selectStored(tx, workspace_id, ids, tenant_id, [...policies.keys()]);
  const people = ids.map((recipient_id) => ({ recipient_id, tenant_id }));
  const restricted = await selectRestricted(tx, workspace_id, people);
  for (const recipient_id of ids) {
    const own = restricted.get(personKey({ recipient_id, tenant_id })) ?? [];
    // In order: of two edits of one category the later one is about what the earlier one left.
    for (const edit of edits) {
      const policy = policies.get(edit.category);
      if (policy === undefined) continue;
      const key = choiceKey(recipient_id, edit.category);
      stored.set(key, {
        recipient_id,
        category: edit.category,
        ...applyEdit(stored.get(key) ?? null, edit, policy, own),
      });
    }
  }
  await tx.query(
    `insert into pref_category (workspace_id, tenant_id, recipient_id, category, preference, opt_out_channels,
        opt_in_channels, digest_schedule, properties)
     select $1, $2, p.* from json_to_recordset($3) as p(recipient_id text, category text, preference text,
        opt_out_channels text[], opt_in_channels text[], digest_schedule json, properties json)
     on conflict (workspace_id, recipient_id, tenant_id, category) do update
        set preference = excluded.preference, opt_out_channels = excluded.opt_out_channels,
            opt_in_channels = excluded.opt_in_channels, digest_schedule = excluded.digest_schedule,
            properties = excluded.properties, updated_at = now()`,
    [workspace_id, tenant_id, storableJson([...stored.values()])],
    "pref_category_upsert",
  );
  return ids;
}

/** The same for one category; refusals name the fields of its edit. */
export function setCategoryPreference(
  tx: Queryable,
  workspace_id: number,
  who: Who,
  slug: string,
  edit: CategoryPreferenceEdit,
): Promise<string[]> {
  return setCategoryPreferences(tx, workspace_id, who, [{ ...edit, category: slug }], () => "");
}

export interface PreferencesEdit {
  channel_preferences?: readonly ChannelPreferenceEdit[] | null | undefined;
  categories?: readonly NamedCategoryEdit[] | null | undefined;
}

/**
 * Stores global opt-outs and then choices for categories, so that a list of channels is read by what the same edit says
 * of them. Returns and refuses as both do.
 */
export async function setPreferences(
  tx: Queryable,
  workspace_id: number,
  who: Who,
  { channel_preferences, categories }: PreferencesEdit,
): Promise<string[]> {
  const ids = await setChannelPreference(tx, workspace_id, who, channel_preferences ?? []);
  await setCategoryPreferences(tx, workspace_id, who, categories ?? []);
  return ids;
}

/** What a reset takes back: the choices for categories, the global opt-outs, or both. */
export interface Reset {
  categories: boolean;
  channels: boolean;
}

/** Deletes recipients' choices in one tenant, so that the defaults hold again. Refuses a tenant that does not exist. */
export async function resetPreferences(
  tx: Queryable,
  workspace_id: number,
  { recipient_ids, tenant_id }: Who,
  reset: Reset,
): Promise<void> {
  await holdTenant(tx, workspace_id, tenant_id);
  const ids = await lockRecipients(tx, workspace_id, recipient_ids);
  const tables = [
    ...(reset.categories ? ["pref_category"] : []),
    ...(reset.channels ? ["pref_channel"] : []),
  ];
  for (const table of tables) {
    await tx.query(
      `delete from ${table} where workspace_id = $1 and recipient_id = any($2) and tenant_id = $3`,
      [workspace_id, ids, tenant_id],
    );
  }
}

/** Stores and removes global opt-outs, channel by channel; returns the ids of the recipients that exist. */
export async function setChannelPreference(
  tx: Queryable,
  workspace_id: number,
  { recipient_ids, tenant_id }: Who,
  edits: readonly ChannelPreferenceEdit[],
): Promise<string[]> {
  await holdTenant(tx, workspace_id, tenant_id);
  const ids = await lockRecipients(tx, workspace_id, recipient_ids);
  // If two edits name one channel, the later one applies.
  const wanted = [...new Map(edits.map(({ channel, is_restricted }) => [channel, is_restricted]))];
  const channels = (is_restricted: boolean) =>
    wanted.flatMap(([channel, wish]) => (wish === is_restricted ? [channel] : []));
  const values = [workspace_id, ids, tenant_id];
  await tx.query(
    `insert into pref_channel (workspace_id, recipient_id, tenant_id, channel)
     select $1, recipient_id, $3, channel from unnest($2::text[]) recipient_id, unnest($4::text[]) channel
     on conflict do nothing`,
    [...values, channels(true)],
    "pref_channel_insert",
  );
  await tx.query(
    `delete from pref_channel
      where workspace_id = $1 and recipient_id = any($2) and tenant_id = $3 and channel = any($4)`,
    [...values, channels(false)],
  );
  return ids;
}

/** Prevents deletion of the tenant before rows that reference it are written; they have no foreign key. */
async function holdTenant(tx: Queryable, workspace_id: number, tenant_id: string): Promise<void> {
  const [tenant] = await tx.query(
    "select 1 from tenant where workspace_id = $1 and tenant_id = $2 for key share",
    [workspace_id, tenant_id],
  );
  if (tenant === undefined) throw tenantNotFound(tenant_id);
}

/** Locks in key order, as everywhere; writes for one recipient are serialised. */
async function lockRecipients(
  tx: Queryable,
  workspace_id: number,
  recipient_ids: readonly string[],
): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    `select id from recipient where workspace_id = $1 and id = any($2)
      order by object_type, distinct_id for no key update`,
    [workspace_id, recipient_ids],
    "recipients_hold",
  );
  return rows.map(({ id }) => id);
}

interface LivePolicy extends CategoryPolicy {
  category: Category;
}

/** By slug. */
async function loadPolicies(
  tx: Queryable,
  workspace_id: number,
  tenant_id: string,
  edits: readonly NamedCategoryEdit[],
): Promise<Map<string, LivePolicy>> {
  const slugs = [...new Set(edits.map(({ category }) => category))];
  const categories = await getCategories(tx, workspace_id, slugs);
  const settings = await loadTenantCategories(tx, workspace_id, tenant_id);
  return new Map(
    categories.map((category) => {
      const policy = { category, tenant_category: settings.get(category.slug) ?? null };
      if (!isShown(policy)) throw categoryNotFound(category.slug);
      return [category.slug, policy];
    }),
  );
}

function problemsOf(edit: CategoryPreferenceEdit, category: Category | null): [string, string][] {
  const { digest_schedule, properties } = edit;
  return [
    ...(digest_schedule == null ? [] : selectionProblems(category?.digest_schedule ?? null, digest_schedule)),
    ...(properties == null ? [] : valueProblems(category?.properties ?? null, properties, "recipient")),
  ];
}

interface StoredChoice extends CategoryChoice {
  digest_schedule: DigestSelection | null;
  properties: Record<string, Json> | null;
}

interface ChoiceRow extends StoredChoice {
  recipient_id: string;
  category: string;
}

// Ids contain no slash.
function choiceKey(recipient_id: string, category: string): string {
  return `${recipient_id}/${category}`;
}

async function selectStored(
  tx: Queryable,
  workspace_id: number,
  ids: readonly string[],
  tenant_id: string,
  categories: readonly string[],
): Promise<Map<string, ChoiceRow>> {
  const rows = await tx.query<ChoiceRow>(
    `select recipient_id, category, preference, opt_out_channels, opt_in_channels, digest_schedule, properties
       from pref_category
      where workspace_id = $1 and recipient_id = any($2) and tenant_id = $3 and category = any($4)`,
    [workspace_id, ids, tenant_id, categories],
  );
  return new Map(rows.map((row) => [choiceKey(row.recipient_id, row.category), row]));
}

function applyEdit(
  stored: StoredChoice | null,
  edit: CategoryPreferenceEdit,
  policy: CategoryPolicy,
  restricted: readonly Channel[],
): StoredChoice {
  const defaults = effectiveDefaults(policy);
  const isFixed = (channel: Channel) => isMandatory(defaults, channel) || restricted.includes(channel);
  const merge = (before: readonly Channel[] | null, next: Channel[] | null | undefined) => {
    if (next === undefined) return before;
    if (next === null) return null;
    const kept = (before ?? []).filter(isFixed);
    return [...new Set([...next.filter((channel) => !isFixed(channel)), ...kept])];
  };
  return {
    preference: edit.preference,
    opt_out_channels: merge(stored?.opt_out_channels ?? null, edit.opt_out_channels),
    opt_in_channels: merge(stored?.opt_in_channels ?? null, edit.opt_in_channels),
    digest_schedule:
      edit.digest_schedule === undefined ? (stored?.digest_schedule ?? null) : edit.digest_schedule,
    properties: mergeValues(stored?.properties ?? null, edit.properties),
  };
}
