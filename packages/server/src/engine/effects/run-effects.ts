import type { EffectDeps, EffectDone, EffectFunction, RunEffects } from "../deps.ts";
import type { Effects } from "../effect.ts";
import { editLists } from "./edit-list.ts";
import { editProfiles } from "./edit-profile.ts";
import { editSubscriptions } from "./edit-subscription.ts";
import { gather } from "./gather.ts";
import { invoke } from "./invoke.ts";
import { seal } from "./seal.ts";

const EFFECTS: { [Type in keyof Effects]: EffectFunction<Type> } = {
  gather,
  seal,
  edit_profile: editProfiles,
  edit_list: editLists,
  edit_subscription: editSubscriptions,
  invoke,
};

/** Fixed, so that two chunks take their locks in the same order. */
const ORDER = Object.keys(EFFECTS) as (keyof Effects)[];

/**
 * Performs the effects that nodes request: one function per effect, for all runs of a chunk that request it at the same
 * time.
 */
export function createRunEffects(deps: EffectDeps): RunEffects {
  return async (tx, wanted, chunkData) => {
    const done: EffectDone[] = [];
    for (const type of ORDER) {
      const own = wanted.filter(({ effect }) => effect.type === type);
      if (own.length === 0) continue;
      const run = EFFECTS[type] as EffectFunction<keyof Effects>;
      const results = await run(
        tx,
        own.map(({ run: who, effect }) => ({ run: who, request: effect.request })),
        chunkData,
        deps,
      );
      own.forEach(({ run: who, effect }, index) => {
        const result = results[index];
        if (result === undefined) throw new Error(`effect ${type} lost a request`);
        done.push({ run: who, answer: () => effect.answer(result) });
      });
    }
    return done;
  };
}
