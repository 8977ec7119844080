import { toFailure } from "../failure.ts";
import type { Rest } from "../wire/rest.ts";
import { createCell } from "../signals.ts";
import type { Action, InboxFailure, InboxOptions, Preferences, PreferencesState } from "../types.ts";

export interface PreferencesDeps {
  rest: Rest;
  who: { distinct_id: string; tenant_id: string };
  options: InboxOptions;
  onFailure: (failure: InboxFailure) => void;
}

/** The preferences of the user. What works on them is loaded with them: most pages with an inbox never show them. */
export function createPreferences(deps: PreferencesDeps): Preferences {
  const state = createCell<PreferencesState>({
    status: "idle",
    sections: [],
    channel_preferences: [],
    pending: [],
    error: null,
  });
  let desk: Preferences | null = null;
  const early = () => refuse("the preferences are not loaded: call get() first", deps.onFailure);

  return {
    getState: state.get,
    onChange: state.onChange,
    async get() {
      try {
        desk ??= (await import("./preference-desk.ts")).createPreferenceDesk(deps, state);
        return await desk.get();
      } catch (error) {
        state.set({ ...state.get(), status: "error", error: toFailure(error) });
        return state.get();
      }
    },
    set: (category, change) => desk?.set(category, change) ?? early(),
    setChannel: (channel, change) => desk?.setChannel(channel, change) ?? early(),
    flush: async () => desk?.flush(),
  };
}

/** An edit that is not even sent. */
export function refuse(message: string, onFailure: PreferencesDeps["onFailure"]): Action {
  const failure = { code: "not_editable", message, status: 0 };
  onFailure(failure);
  return { done: Promise.resolve({ status: "refused", error: failure }), undo: () => {} };
}
