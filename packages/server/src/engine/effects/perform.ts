import type { Effects } from "../effect.ts";
import { editLists } from "./edit-list.ts";
import { editProfiles } from "./edit-profile.ts";
import { editSubscriptions } from "./edit-subscription.ts";
import { gather } from "./gather.ts";
import { invoke } from "./invoke.ts";
import { seal } from "./seal.ts";
import type { EffectDeps, EffectFunction, Perform, Performed } from "../performing.ts";

const EFFECTS: { [Type in keyof Effects]: EffectFunction<Type> } = {
  gather,
  seal,
  edit_profile: editProfiles,
  edit_list: editLists,
  edit_subscription: editSubscriptions,
  invoke,
};

/** The order is fixed, so that two chunks take their locks in the same order. */
const ORDER = Object.keys(EFFECTS) as (keyof Effects)[];

/** Does what nodes ask for: one function per effect, for all runs of a chunk that ask at the same time. */
export function createPerform(deps: EffectDeps): Perform {
  return async (tx, wanted, surroundings) => {
    const performed: Performed[] = [];
    for (const type of ORDER) {
      const own = wanted.filter(({ performance }) => performance.type === type);
      if (own.length === 0) continue;
      const run = EFFECTS[type] as EffectFunction<keyof Effects>;
      const results = await run(
        tx,
        own.map(({ run: who, performance }) => ({ run: who, request: performance.request })),
        surroundings,
        deps,
      );
      own.forEach(({ run: who, performance }, index) => {
        const result = results[index];
        if (result === undefined) throw new Error(`effect ${type} lost a request`);
        performed.push({ run: who, answer: () => performance.answer(result) });
      });
    }
    return performed;
  };
}
