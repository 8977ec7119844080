import type { PushDesk } from "./push-desk.ts";
import type { Rest } from "../wire/rest.ts";
import { createCell } from "../signals.ts";
import type { InboxOptions, Push, PushState } from "../types.ts";

export interface PushDeps {
  rest: Rest;
  who: { distinct_id: string; tenant_id: string };
  options: InboxOptions;
}

/** Web push. What does it is loaded when it is asked for, and at the start where the page has options of it. */
export function createPush(deps: PushDeps): Push & { start: (signal: AbortSignal) => Promise<void> } {
  const state = createCell<PushState>("unsupported");
  let desk: Promise<PushDesk> | null = null;
  const load = () => (desk ??= import("./push-desk.ts").then((part) => part.createPushDesk(deps, state)));

  return {
    getState: state.get,
    onChange: state.onChange,
    start: async (signal) => (await load()).start(signal),
    subscribe: async () => (await load()).subscribe(),
    unsubscribe: async () => (await load()).unsubscribe(),
  };
}
