import { type RequestError, toFailure } from "../failure.ts";
import { type PreferencesDeps, refuse } from "./preferences.ts";
import type { Cell } from "../signals.ts";
import type {
  Action,
  CategoryChange,
  ChannelPreference,
  PreferenceCategory,
  PreferenceSection,
  Preferences,
  PreferencesState,
  Settlement,
} from "../types.ts";

/** Milliseconds without a further change after which one is sent. */
const SETTLE_AFTER = 500;

/** What the server has. */
interface Truth {
  sections: readonly PreferenceSection[];
  channel_preferences: readonly ChannelPreference[];
}

/** The changes of one category or channel that the server does not have yet, laid over the truth like edits of items. */
interface Pending {
  change: CategoryChange | { is_restricted: boolean };
  /** Of the changes in it. */
  resolves: ((settlement: Settlement) => void)[];
}

/** The preferences of the user (client-protocols.md 5): changed at once, sent when the user has made up their mind. */
export function createPreferenceDesk(
  { rest, who, options, onFailure }: PreferencesDeps,
  state: Cell<PreferencesState>,
): Preferences {
  const base = `/v2/subscriber/${encodeURIComponent(who.distinct_id)}`;
  let truth: Truth = { sections: [], channel_preferences: [] };
  const waiting = new Map<string, Pending>();
  const sending = new Map<string, Pending>();
  const timers = new Map<string, ReturnType<typeof setTimeout>>();
  const requests = new Map<string, Promise<void>>();

  /** Of every call, so that what comes back is made in the same way. */
  const query = () => ({
    tenant_id: who.tenant_id,
    show_opt_out_channels: options.preferences?.showOptOutChannels === false ? undefined : true,
    tags: options.preferences?.tags,
    locale: options.locale ?? (typeof navigator === "undefined" ? undefined : navigator.language),
  });

  function show(more: Partial<PreferencesState> = {}): void {
    const changes = [...sending, ...waiting];
    const of = (key: string) => changes.filter(([name]) => name === key).map(([, { change }]) => change);
    state.set({
      ...state.get(),
      sections: truth.sections.map((section) => ({
        ...section,
        subcategories: section.subcategories.map((category) =>
          of(`category:${category.category}`).reduce<PreferenceCategory>(
            (seen, change) => withChange(seen, change as CategoryChange),
            category,
          ),
        ),
      })),
      channel_preferences: truth.channel_preferences.map(
        (channel) => Object.assign({}, channel, ...of(`channel:${channel.channel}`)) as ChannelPreference,
      ),
      pending: [...new Set(changes.map(([key]) => key))],
      ...more,
    });
  }

  async function load(): Promise<void> {
    truth = await rest.call<Truth>(`${base}/full_preference/`, { query: query() });
    show({ status: "ready", error: null });
  }

  const categoriesOf = ({ sections }: Pick<Truth, "sections">) =>
    sections.flatMap(({ subcategories }) => subcategories);
  const find = (slug: string) => categoriesOf(state.get()).find(({ category }) => category === slug);

  function change(key: string, change: Pending["change"], undo: () => Action): Action {
    const pending = waiting.get(key) ?? { change: {}, resolves: [] };
    const done = new Promise<Settlement>((resolve) => pending.resolves.push(resolve));
    pending.change = merge(pending.change, change);
    waiting.set(key, pending);
    clearTimeout(timers.get(key));
    timers.set(
      key,
      setTimeout(() => void send(key), SETTLE_AFTER),
    );
    show();
    let isUndone = false;
    return {
      done,
      undo() {
        if (!isUndone) undo();
        isUndone = true;
      },
    };
  }

  /** Of one category or channel, one request after another. */
  function send(key: string): Promise<void> {
    clearTimeout(timers.get(key));
    const request = (requests.get(key) ?? Promise.resolve()).then(() => sendNow(key));
    requests.set(key, request);
    return request;
  }

  async function sendNow(key: string): Promise<void> {
    const pending = waiting.get(key);
    if (pending === undefined) return;
    const name = key.slice(key.indexOf(":") + 1);
    const body = key.startsWith("category:")
      ? bodyOf(pending.change as CategoryChange, find(name))
      : { channel_preferences: [{ channel: name, ...pending.change }] };
    waiting.delete(key);
    sending.set(key, pending);
    let failure: RequestError | null = null;
    try {
      if (key.startsWith("category:")) {
        const path = `${base}/category/${encodeURIComponent(name)}/`;
        const category = await rest.call<PreferenceCategory>(path, { method: "PATCH", query: query(), body });
        truth = { ...truth, sections: withCategory(truth.sections, category) };
      } else {
        await rest.call(`${base}/channel_preference/`, { method: "PATCH", query: query(), body });
        // What a channel may be used for decides about every category.
        truth = await rest.call<Truth>(`${base}/full_preference/`, { query: query() });
      }
    } catch (error) {
      failure = toFailure(error);
    }
    sending.delete(key);
    show({ error: failure });
    const settlement: Settlement =
      failure === null ? { status: "done" } : { status: "refused", error: failure };
    for (const resolve of pending.resolves) resolve(settlement);
    if (failure !== null) onFailure(failure);
  }

  const refused = (message: string) => refuse(message, onFailure);

  const preferences: Preferences = {
    getState: () => state.get(),
    onChange: (listener) => state.onChange(listener),
    async get() {
      if (state.get().status !== "ready") show({ status: "loading" });
      try {
        await load();
      } catch (error) {
        show({ status: "error", error: toFailure(error) });
      }
      return state.get();
    },
    set(slug, wanted) {
      const category = find(slug);
      if (category === undefined)
        return refused(`there is no category "${slug}": get() loads those that there are`);
      if (!isEditable(category, wanted)) return refused(`"${slug}" cannot be changed by the user`);
      const before: CategoryChange = {
        preference: category.preference,
        channels: Object.fromEntries(
          (category.channels ?? []).map(({ channel, preference }) => [channel, preference]),
        ),
      };
      return change(`category:${slug}`, wanted, () => preferences.set(slug, before));
    },
    setChannel(name, wanted) {
      const before = state.get().channel_preferences.find(({ channel }) => channel === name);
      if (before === undefined)
        return refused(`there is no channel "${name}": get() loads those that there are`);
      const { is_restricted } = before;
      return change(`channel:${name}`, wanted, () => preferences.setChannel(name, { is_restricted }));
    },
    async flush() {
      await Promise.all([...waiting.keys(), ...requests.keys()].map(send));
    },
  };
  return preferences;
}

function merge(a: Pending["change"], b: Pending["change"]): Pending["change"] {
  const [first, second] = [a as CategoryChange, b as CategoryChange];
  const channels = { ...first.channels, ...second.channels };
  return { ...first, ...second, ...(Object.keys(channels).length > 0 && { channels }) };
}

/** Channels that may not be changed can still be named with what they are. */
function isEditable(category: PreferenceCategory, { channels = {}, ...change }: CategoryChange): boolean {
  const isWhole =
    change.preference === undefined || change.preference === category.preference || category.is_editable;
  return (
    isWhole &&
    Object.entries(channels).every(([name, choice]) => {
      const channel = category.channels?.find((one) => one.channel === name);
      return channel === undefined || channel.is_editable || channel.preference === choice;
    })
  );
}

/** What people see of a category after a change. */
function withChange(
  category: PreferenceCategory,
  { preference, channels = {} }: CategoryChange,
): PreferenceCategory {
  const isOn = Object.values(channels).includes("opt_in");
  const next = preference ?? (isOn ? "opt_in" : category.preference);
  const list = category.channels?.map((channel) => {
    const choice =
      channels[channel.channel] ??
      (preference !== undefined && preference !== category.preference && channel.is_editable
        ? preference
        : channel.preference);
    return choice === channel.preference ? channel : { ...channel, preference: choice };
  });
  return { ...category, preference: next, channels: list ?? null };
}

/**
 * Channels that are opted out of are sent as a whole list. Opting in takes back what was chosen for each of them (null),
 * opting out leaves it (absent).
 */
function bodyOf({ channels, ...change }: CategoryChange, category: PreferenceCategory | undefined): object {
  const body = { ...change, preference: category?.preference ?? change.preference };
  if (channels !== undefined) {
    const off = category?.channels?.filter(({ preference }) => preference === "opt_out") ?? [];
    return { ...body, opt_out_channels: off.map(({ channel }) => channel) };
  }
  return change.preference === "opt_in" ? { ...body, opt_out_channels: null } : body;
}

const withCategory = (sections: readonly PreferenceSection[], category: PreferenceCategory) =>
  sections.map((section) => ({
    ...section,
    subcategories: section.subcategories.map((one) => (one.category === category.category ? category : one)),
  }));
