import { categoryNotFound } from "../catalog/live-categories.ts";
import type { Json } from "../core/json.ts";
import type { Channel } from "../core/channel.ts";
import { type ShownProperty, showProperties } from "../core/preferences/category-properties.ts";
import { recipientOptions, type RecipientOption } from "../core/preferences/digest-options.ts";
import { type DigestSelection, resolveDigest } from "../core/preferences/digest-schedule.ts";
import {
  type CategoryChoice,
  isShown,
  showPreference,
  type ShownPreference,
} from "../core/preferences/preferences.ts";
import type { CategorySchedule } from "../core/schedule/category-schedule.ts";
import type { Queryable } from "../db/db.ts";
import { personKey, selectRestricted } from "./choices.ts";
import { loadPage, loadPageChannels, type PageCategory, type PageOptions } from "./page.ts";
import type { Text } from "./translation.ts";

/** A preference page of a recipient, a user or an object, in one tenant: what they chose and can choose. */
export interface RecipientPageOptions extends PageOptions {
  /** False: a category that is off shows no channels. */
  show_opt_out_channels: boolean;
}

export interface CategoryPreference extends ShownPreference {
  name: string;
  category: string;
  description: string | null;
  tags: string[] | null;
  effective_tags: string[];
  /** What the recipient chose; null where the defaults hold. */
  original_preference: "opt_in" | "opt_out" | null;
  digest_schedule_options: { options: RecipientOption[] } | null;
  digest_schedule: CategorySchedule | null;
  properties: ShownProperty[] | null;
}

export interface ChannelPreference {
  channel: Channel;
  /** Opted out of globally: only categories where it is mandatory use the channel. */
  is_restricted: boolean;
}

export interface RecipientPage {
  sections: (Text & { slug: string | null; tags: string[] | null; subcategories: CategoryPreference[] })[];
  channel_preferences: ChannelPreference[];
}

/**
 * Refuses a tenant that does not exist. Categories that the tenant disabled or hid are not on the page; `keep` may leave
 * out others.
 */
export async function readRecipientPage(
  db: Queryable,
  workspace_id: number,
  recipient_id: string,
  options: RecipientPageOptions,
  keep: (category: PageCategory) => boolean = () => true,
): Promise<RecipientPage> {
  const { tenant_id } = options;
  const channels = await loadPageChannels(db, workspace_id, tenant_id);
  const sections = await loadPage(db, workspace_id, options, (one) => isShown(one) && keep(one));
  const restricted = await readRestricted(db, workspace_id, recipient_id, tenant_id);
  const choices = await selectChoices(db, workspace_id, recipient_id, tenant_id);
  const show = (one: PageCategory) =>
    present(one, choices.get(one.category.slug) ?? null, {
      channels,
      restricted,
      show_opt_out_channels: options.show_opt_out_channels,
    });
  return {
    sections: sections.map(({ text, slug, tags, categories }) => ({
      ...text,
      slug,
      tags,
      subcategories: categories.map(show),
    })),
    channel_preferences: presentChannels(channels, restricted),
  };
}

/** One category of the page. Refuses one that is not on it. */
export async function readCategoryPreference(
  db: Queryable,
  workspace_id: number,
  recipient_id: string,
  slug: string,
  options: RecipientPageOptions,
): Promise<CategoryPreference> {
  const { sections } = await readRecipientPage(
    db,
    workspace_id,
    recipient_id,
    { ...options, tags: null },
    ({ category }) => category.slug === slug,
  );
  const [found] = sections.flatMap(({ subcategories }) => subcategories);
  if (found === undefined) throw categoryNotFound(slug);
  return found;
}

/** The recipient's global opt-outs; what they opted out of is there even where the workspace has no vendor for it. */
export async function readChannelPreferences(
  db: Queryable,
  workspace_id: number,
  recipient_id: string,
  tenant_id: string,
): Promise<ChannelPreference[]> {
  const channels = await loadPageChannels(db, workspace_id, tenant_id);
  return presentChannels(channels, await readRestricted(db, workspace_id, recipient_id, tenant_id));
}

async function readRestricted(
  db: Queryable,
  workspace_id: number,
  recipient_id: string,
  tenant_id: string,
): Promise<Channel[]> {
  const person = { recipient_id, tenant_id };
  return (await selectRestricted(db, workspace_id, [person])).get(personKey(person)) ?? [];
}

function presentChannels(channels: readonly Channel[], restricted: readonly Channel[]): ChannelPreference[] {
  return [...new Set([...channels, ...restricted])]
    .sort()
    .map((channel) => ({ channel, is_restricted: restricted.includes(channel) }));
}

interface Chosen extends CategoryChoice {
  digest_schedule: DigestSelection | null;
  properties: Record<string, Json> | null;
}

async function selectChoices(
  db: Queryable,
  workspace_id: number,
  recipient_id: string,
  tenant_id: string,
): Promise<Map<string, Chosen>> {
  const rows = await db.query<Chosen & { category: string }>(
    `select category, preference, opt_out_channels, opt_in_channels, digest_schedule, properties
       from pref_category where workspace_id = $1 and recipient_id = $2 and tenant_id = $3`,
    // Planned anew each time, as in `loadChoices`.
    [workspace_id, recipient_id, tenant_id],
  );
  return new Map(rows.map(({ category, ...row }) => [category, row]));
}

interface Shown {
  channels: readonly Channel[];
  restricted: readonly Channel[];
  show_opt_out_channels: boolean;
}

function present(
  { category, tenant_category, text }: PageCategory,
  chosen: Chosen | null,
  { channels, restricted, show_opt_out_channels }: Shown,
): CategoryPreference {
  const shown = showPreference({
    policy: { category, tenant_category },
    tenant_blocked_channels: null,
    choice: { category: chosen, restricted_channels: restricted },
    channels,
  });
  const { digest_schedule, properties } = category;
  const overrides = tenant_category?.digest_schedule ?? null;
  const selection = chosen?.digest_schedule ?? null;
  const options = recipientOptions(digest_schedule, overrides, selection);
  return {
    name: text.name,
    category: category.slug,
    description: text.description,
    tags: category.tags,
    effective_tags: category.effective_tags,
    original_preference: chosen?.preference ?? null,
    preference: shown.preference,
    is_editable: shown.is_editable,
    channels: shown.preference === "opt_out" && !show_opt_out_channels ? [] : shown.channels,
    digest_schedule_options: options === null ? null : { options },
    digest_schedule: resolveDigest(digest_schedule, overrides, selection),
    properties: showProperties(properties, tenant_category?.properties ?? null, chosen?.properties ?? null),
  };
}
