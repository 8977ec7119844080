import { type Channel, isChannel } from "../../core/channel.ts";
import type { CategoryPreferenceEdit } from "../recipient-preferences.ts";
import type { CategoryPreference } from "../recipient-page.ts";

/** What a button of the hosted page does; its value in the form is `formatAction`'s. */
export type PageAction =
  | { kind: "category"; category: string; on: boolean }
  | { kind: "channel"; category: string; channel: Channel; on: boolean }
  /** A channel in all categories. */
  | { kind: "all"; channel: Channel; on: boolean }
  /** How often a category's digests come. */
  | { kind: "frequency"; category: string; option: string };

export function formatAction(action: PageAction): string {
  switch (action.kind) {
    case "category":
      return `category/${action.category}/${state(action.on)}`;
    case "channel":
      return `channel/${action.category}/${action.channel}/${state(action.on)}`;
    case "all":
      return `all/${action.channel}/${state(action.on)}`;
    case "frequency":
      return `frequency/${action.category}/${action.option}`;
  }
}

/** Null for what no button of ours says. Slugs and ids of options contain no slash. */
export function parseAction(text: string): PageAction | null {
  const [kind, first = "", second = "", third = "", ...rest] = text.split("/");
  if (first === "" || second === "" || rest.length > 0 || text.length > MAX_ACTION) return null;
  const on = (word: string) => (word === "on" ? true : word === "off" ? false : null);
  if (kind === "channel") {
    const wanted = on(third);
    if (wanted === null || !isChannel(second)) return null;
    return { kind, category: first, channel: second, on: wanted };
  }
  if (third !== "" || text.split("/").length > 3) return null;
  if (kind === "frequency") return { kind, category: first, option: second };
  const wanted = on(second);
  if (wanted === null) return null;
  if (kind === "category") return { kind, category: first, on: wanted };
  return kind === "all" && isChannel(first) ? { kind, channel: first, on: wanted } : null;
}

const MAX_ACTION = 600;

function state(on: boolean): string {
  return on ? "on" : "off";
}

/** The edit that an action comes to, and the action that takes it back. */
export interface PlannedEdit {
  edit: CategoryPreferenceEdit;
  undo: PageAction;
}

/** Null where there is nothing to change: it is so already, or its reader cannot change it. */
export function planEdit(
  view: CategoryPreference,
  action: Exclude<PageAction, { kind: "all" }>,
): PlannedEdit | null {
  switch (action.kind) {
    case "category":
      return planCategory(view, action.on);
    case "channel":
      return planChannel(view, action.channel, action.on);
    case "frequency":
      return planDigest(view, action.option);
  }
}

/** The lists of channels stay, so that turning a category on again gives back what was chosen in it. */
function planCategory(
  { category, preference, is_editable }: CategoryPreference,
  on: boolean,
): PlannedEdit | null {
  if (!is_editable || (preference === "opt_in") === on) return null;
  return {
    edit: { preference: on ? "opt_in" : "opt_out" },
    undo: { kind: "category", category, on: !on },
  };
}

/**
 * Clients send the complete list of channels that are off, and so does this. Of a category that is off, the one channel
 * is turned on and the others stay off. Source: client-protocols.md 5.
 */
function planChannel(
  { category, preference, channels }: CategoryPreference,
  channel: Channel,
  on: boolean,
): PlannedEdit | null {
  const one = channels.find((shown) => shown.channel === channel);
  if (one === undefined || !one.is_editable || (one.preference === "opt_in") === on) return null;
  const off = channels.filter((shown) => shown.preference === "opt_out").map((shown) => shown.channel);
  const opt_out_channels = on ? off.filter((name) => name !== channel) : [...off, channel];
  const undo: PageAction =
    preference === "opt_out"
      ? { kind: "category", category, on: false }
      : { kind: "channel", category, channel, on: !on };
  return { edit: { preference: "opt_in", opt_out_channels }, undo };
}

function planDigest(
  { category, preference, digest_schedule_options, digest_schedule }: CategoryPreference,
  option: string,
): PlannedEdit | null {
  const known = digest_schedule_options?.options.some(({ id }) => id === option) === true;
  if (!known || digest_schedule === null || digest_schedule.id === option) return null;
  return {
    edit: { preference, digest_schedule: { id: option } },
    undo: { kind: "frequency", category, option: digest_schedule.id },
  };
}
