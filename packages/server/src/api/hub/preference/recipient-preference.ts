import type { z } from "zod";
import type { Queryable } from "../../../db/db.ts";
import { AppError } from "../../../errors.ts";
import type { RouteContext } from "../../../http/route.ts";
import {
  type ChannelPreference,
  readCategoryPreference,
  readChannelPreferences,
  readRecipientPage,
} from "../../../preferences/recipient-page.ts";
import { findIds } from "../../../recipients/read.ts";
import { notFoundText, type RecipientKey, recipientKey } from "../../../recipients/recipient.ts";
import { type Page, toPage } from "../../paging.ts";
import type { categoryPreferenceBody, channelPreferencesBody, PreferencesBody } from "./preference-body.ts";
import { replacing, replacingAll } from "./preference-body.ts";
import type { categoriesQuery, categoryQuery, channelsQuery, pageQuery } from "./preference-query.ts";
import { type CategoryView, type PageView, presentCategory, presentPage } from "./present-preference.ts";

/**
 * What the endpoints of users' and of objects' preferences do: the two differ by their paths alone. Writing
 * preferences never creates a recipient.
 */
type Context<Query extends z.ZodType, Body = unknown> = Pick<
  RouteContext<unknown, z.output<Query>, Body>,
  "query" | "body" | "auth" | "db" | "services"
>;

export interface Holder extends RecipientKey {
  /** Whether one that does not exist yet is shown the defaults, which hold for everybody new. */
  may_be_unknown?: boolean;
}

/** No recipient has this id, and so it has chosen nothing. */
const NOBODY = "";

export async function showAll(
  { query, auth, db }: Context<typeof pageQuery>,
  who: Holder,
): Promise<PageView> {
  const { workspace_id } = auth.workspace;
  const id = await getId(db, workspace_id, who);
  return presentPage(await readRecipientPage(db, workspace_id, id, query));
}

export async function editAll(
  context: Context<typeof pageQuery, PreferencesBody>,
  who: Holder,
): Promise<PageView> {
  const { query, body, auth, db, services } = context;
  const { workspace_id } = auth.workspace;
  const id = await getId(db, workspace_id, who);
  const holder = { recipient_ids: [id], tenant_id: query.tenant_id };
  refuseGone(await services.preferences.setPreferences(db, workspace_id, holder, replacingAll(body)), who);
  return presentPage(await readRecipientPage(db, workspace_id, id, query));
}

export async function listCategories(
  { query, auth, db }: Context<typeof categoriesQuery>,
  who: Holder,
): Promise<Page<CategoryView>> {
  const { workspace_id } = auth.workspace;
  const id = await getId(db, workspace_id, who);
  const { sections } = await readRecipientPage(db, workspace_id, id, query);
  const all = sections.flatMap(({ subcategories }) => subcategories);
  const { limit, offset } = query;
  return toPage(all.slice(offset, offset + limit).map(presentCategory), all.length, query);
}

export async function showCategory(
  { query, auth, db }: Context<typeof categoryQuery>,
  who: Holder,
  slug: string,
): Promise<CategoryView> {
  const { workspace_id } = auth.workspace;
  const id = await getId(db, workspace_id, who);
  const options = { ...query, tags: null };
  return presentCategory(await readCategoryPreference(db, workspace_id, id, slug, options));
}

/** `read`: what a body says of the lists that it leaves out, in which clients differ. */
export async function editCategory(
  { query, body, auth, db, services }: Context<typeof categoryQuery, z.output<typeof categoryPreferenceBody>>,
  who: Holder,
  slug: string,
  read: typeof replacing = replacing,
): Promise<CategoryView> {
  const { workspace_id } = auth.workspace;
  const id = await getId(db, workspace_id, who);
  const holder = { recipient_ids: [id], tenant_id: query.tenant_id };
  const { preferences } = services;
  refuseGone(await preferences.setCategoryPreference(db, workspace_id, holder, slug, read(body)), who);
  const options = { ...query, tags: null };
  return presentCategory(await readCategoryPreference(db, workspace_id, id, slug, options));
}

interface ChannelsView {
  channel_preferences: ChannelPreference[];
}

export async function showChannels(
  { query, auth, db }: Context<typeof channelsQuery>,
  who: Holder,
): Promise<ChannelsView> {
  const { workspace_id } = auth.workspace;
  const id = await getId(db, workspace_id, who);
  return { channel_preferences: await readChannelPreferences(db, workspace_id, id, query.tenant_id) };
}

export async function editChannels(
  { query, body, auth, db, services }: Context<typeof channelsQuery, z.output<typeof channelPreferencesBody>>,
  who: Holder,
): Promise<ChannelsView> {
  const { workspace_id } = auth.workspace;
  const { tenant_id } = query;
  const id = await getId(db, workspace_id, who);
  const holder = { recipient_ids: [id], tenant_id };
  const { preferences } = services;
  refuseGone(await preferences.setChannelPreference(db, workspace_id, holder, body.channel_preferences), who);
  return { channel_preferences: await readChannelPreferences(db, workspace_id, id, tenant_id) };
}

async function getId(db: Queryable, workspace_id: number, who: Holder): Promise<string> {
  const id = (await findIds(db, workspace_id, [who])).get(recipientKey(who));
  if (id !== undefined) return id;
  if (who.may_be_unknown === true) return NOBODY;
  throw notFound(who);
}

/** A write names the recipients that there still are. */
function refuseGone(ids: readonly string[], who: RecipientKey): void {
  if (ids.length === 0) throw notFound(who);
}

function notFound(who: RecipientKey): AppError {
  return new AppError("not_found", notFoundText(who));
}
