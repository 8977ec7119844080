import type { Channel } from "../../core/channel.ts";
import { isRootCategory } from "../../core/lane.ts";
import type { Tx } from "../../db/db.ts";
import { AppError } from "../../errors.ts";
import type { IdSource } from "../../ids.ts";
import type { Preferences } from "../preferences.ts";
import {
  type CategoryPreference,
  readCategoryPreference,
  readChannelPreferences,
} from "../recipient-page.ts";
import { type PageAction, planEdit } from "./actions.ts";
import type { LinkClaims } from "./link.ts";

/**
 * Changes that a person makes by a link: through the same writers as those of the API, and noted in `preference_change`
 * with the message that the link came with, from which trends of opt-outs are counted. What changes nothing is not
 * noted.
 */
export interface LinkChangeDeps {
  preferences: Pick<Preferences, "setCategoryPreference" | "setChannelPreference" | "findCategory">;
  ids: IdSource;
}

type Via = "page" | "one_click";

interface Work extends LinkChangeDeps {
  tx: Tx;
  link: LinkClaims;
}

/**
 * Does what a button of the page says, and returns what takes it back; null: there was nothing to change. Throws
 * `AppError` for what the link's holder may not change: a link that came on one channel changes that one alone.
 */
export async function changeByLink(
  tx: Tx,
  link: LinkClaims,
  action: PageAction,
  deps: LinkChangeDeps,
): Promise<PageAction | null> {
  const work = { tx, link, ...deps };
  refuseOtherChannels(link, action);
  await hold(work);
  return action.kind === "all"
    ? setEverywhere(work, action.channel, action.on, "page")
    : change(work, action, "page");
}

/**
 * Opts out of what the link's message was about, for a mail program's unsubscribe button: of the category under the root
 * `promotional`, elsewhere of the channel in the category. A root that is used as a category has no preferences of its
 * own; there the channel goes off for all that is not mandatory. Source: platform.md 20.
 */
export async function optOutByLink(tx: Tx, link: LinkClaims, deps: LinkChangeDeps): Promise<void> {
  const { workspace_id, category: slug, channel } = link;
  const work = { tx, link, ...deps };
  await hold(work);
  const category = slug === null ? null : await deps.preferences.findCategory(workspace_id, slug);
  if (category === null || slug === null) return;
  if (isRootCategory(slug)) {
    if (channel !== null && slug !== "system") await setEverywhere(work, channel, false, "one_click");
    return;
  }
  const view = await look(work, slug);
  if (view === null) return;
  const isWhole = channel === null || (category.root_category === "promotional" && view.is_editable);
  await change(
    work,
    isWhole
      ? { kind: "category", category: slug, on: false }
      : { kind: "channel", category: slug, channel, on: false },
    "one_click",
  );
}

function refuseOtherChannels({ channel }: LinkClaims, action: PageAction): void {
  const isAbout = (action.kind === "channel" || action.kind === "all") && action.channel === channel;
  if (channel === null || isAbout) return;
  throw new AppError(
    "invalid_request_error",
    `do: this link changes what comes on the channel '${channel}' alone`,
  );
}

/** Locks the recipient's row as every writer of preferences does, so that what is read stays true until it is written. */
async function hold({ tx, link, preferences }: Work): Promise<void> {
  await preferences.setChannelPreference(tx, link.workspace_id, whoOf(link), []);
}

function whoOf({ recipient_id, tenant_id }: LinkClaims) {
  return { recipient_ids: [recipient_id], tenant_id };
}

/** Null: the category is not on the page, because it is gone, or the tenant disabled or hid it. */
async function look({ tx, link }: Work, slug: string): Promise<CategoryPreference | null> {
  const options = { tenant_id: link.tenant_id, locale: null, tags: null, show_opt_out_channels: true };
  try {
    return await readCategoryPreference(tx, link.workspace_id, link.recipient_id, slug, options);
  } catch (error) {
    if (error instanceof AppError && error.code === "not_found") return null;
    throw error;
  }
}

async function change(
  work: Work,
  action: Exclude<PageAction, { kind: "all" }>,
  via: Via,
): Promise<PageAction | null> {
  const { tx, link, preferences } = work;
  const view = await look(work, action.category);
  const planned = view === null ? null : planEdit(view, action);
  if (planned === null) return null;
  const set = (edit: typeof planned.edit) =>
    preferences.setCategoryPreference(tx, link.workspace_id, whoOf(link), action.category, edit);
  await set(planned.edit);
  if (action.kind === "category" && action.on) {
    // Lists that were kept while it was off may leave nothing on: then it begins with the defaults.
    const channels = (await look(work, action.category))?.channels ?? [];
    const isEmpty = channels.every(({ preference }) => preference === "opt_out");
    if (isEmpty) await set({ preference: "opt_in", opt_out_channels: null, opt_in_channels: null });
  }
  await note(work, via, {
    category: action.category,
    channel: action.kind === "channel" ? action.channel : null,
    change: action.kind === "frequency" ? "frequency" : changeOf(action.on),
  });
  return planned.undo;
}

async function setEverywhere(
  work: Work,
  channel: Channel,
  on: boolean,
  via: Via,
): Promise<PageAction | null> {
  const { tx, link, preferences } = work;
  const { workspace_id, recipient_id, tenant_id } = link;
  const all = await readChannelPreferences(tx, workspace_id, recipient_id, tenant_id);
  const known = all.find((one) => one.channel === channel);
  if (known === undefined || known.is_restricted === !on) return null;
  await preferences.setChannelPreference(tx, workspace_id, whoOf(link), [{ channel, is_restricted: !on }]);
  await note(work, via, { category: null, channel, change: changeOf(on) });
  return { kind: "all", channel, on: !on };
}

function changeOf(on: boolean): "opt_in" | "opt_out" {
  return on ? "opt_in" : "opt_out";
}

interface Noted {
  category: string | null;
  channel: Channel | null;
  change: "opt_in" | "opt_out" | "frequency";
}

async function note({ tx, link, ids }: Work, via: Via, noted: Noted): Promise<void> {
  const { workspace_id, recipient_id, tenant_id, message_id } = link;
  await tx.kysely
    .insertInto("preference_change")
    .values({
      workspace_id,
      id: ids.ulid(),
      recipient_id,
      tenant_id,
      source: "hosted_page",
      via,
      message_id,
      ...noted,
    })
    .execute();
}
