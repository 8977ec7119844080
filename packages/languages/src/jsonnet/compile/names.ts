import type { Scope, Slot } from "../value.ts";

/**
 * What is known about a scope at compile time: which slot each name has. The chain of these mirrors the chain of
 * scopes at run time, so a variable is found by counting.
 */
export interface Names {
  readonly up: Names | null;
  readonly slots: ReadonlyMap<string, number>;
  /** Whether this is the scope of an object's fields, which `self`, `super` and `$` look for. */
  readonly object: boolean;
}

export interface Place {
  /** The number of scopes to go up. */
  readonly hops: number;
  readonly index: number;
}

/** Makes a scope with these names in its slots, starting at `first`. */
export function namesOf(up: Names | null, names: readonly string[], first = 0): Names {
  return { up, slots: new Map(names.map((name, index) => [name, first + index])), object: first > 0 };
}

export function findName(names: Names, name: string): Place | null {
  let hops = 0;
  for (let at: Names | null = names; at !== null; at = at.up, hops++) {
    const index = at.slots.get(name);
    if (index !== undefined) return { hops, index };
  }
  return null;
}

/** Counts the scopes up to the enclosing object, the nearest or the outermost. Gives null outside objects. */
export function findObject(names: Names, which: "nearest" | "outermost"): number | null {
  let found: number | null = null;
  let hops = 0;
  for (let at: Names | null = names; at !== null; at = at.up, hops++) {
    if (!at.object) continue;
    found = hops;
    if (which === "nearest") return found;
  }
  return found;
}

/** Says whether a place is in the scope that every script starts with. */
export function isOutermost(names: Names, { hops }: Place): boolean {
  let left = 0;
  for (let at = names.up; at !== null; at = at.up) left++;
  return left === hops;
}

export function scopeAt(scope: Scope, hops: number): Scope {
  let at = scope;
  for (let left = hops; left > 0; left--) at = at.up as Scope;
  return at;
}

export function slotAt(scope: Scope, { hops, index }: Place): Slot {
  return scopeAt(scope, hops).slots[index] as Slot;
}
