import type { PushDesk } from "./push-desk.ts";
import type { Rest } from "./rest.ts";
import { createCell } from "./signals.ts";
import type { Push, PushOptions, PushState } from "./types.ts";

export interface PushDeps {
  rest: Rest;
  who: { distinct_id: string; tenant_id: string };
  options: PushOptions;
}

/** Web push. What does it is loaded when it is asked for, or with the page if that has options of it. */
export function createPush(deps: PushDeps): Push & { start: () => void } {
  const state = createCell<PushState>("unsupported");
  let desk: Promise<PushDesk> | null = null;

  const load = () => (desk ??= import("./push-desk.ts").then((part) => part.createPushDesk(deps, state)));

  return {
    getState: state.get,
    onChange: state.onChange,
    start() {
      load()
        .then(({ look }) => look())
        .then(state.set, () => {});
    },
    subscribe: async () => (await load()).subscribe(),
    unsubscribe: async () => (await load()).unsubscribe(),
  };
}
