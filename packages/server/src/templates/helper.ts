import type { Budget } from "./budget.ts";
import { plainValue } from "./print.ts";

/**
 * A helper: the values of its arguments in, a value out. It may return any JSON, `rawText` or `printableList`;
 * undefined and null print as nothing. To refuse its arguments it throws a `HelperError`, which ends the render.
 */
export type Helper = (args: readonly unknown[], call: HelperCall) => unknown;

export interface HelperCall {
  /** Named arguments. Read own properties only: a template chooses the keys. */
  hash: Readonly<Record<string, unknown>>;
  /** The context that the template is rendered with. */
  root: unknown;
  /** The time of the render. */
  now: Date;
  budget: Budget;
  /** What stands between the tags, rendered for the helper's own context; null where it is not used as a block. */
  block: { main: () => string; otherwise: () => string } | null;
}

/** The reason alone: the helper's name is put in front of it, and the place in the source behind. */
export class HelperError extends Error {
  override name = "HelperError";
}

export type Helpers = Readonly<Record<string, Helper>>;

/** Data, not `rawText`: what a helper needs that computes with its arguments. */
export function plainArgs(args: readonly unknown[]): unknown[] {
  return args.map(plainValue);
}

export function expectCount(args: readonly unknown[], min: number, max: number): void {
  if (args.length >= min && args.length <= max) return;
  const wanted = min === max ? `${min}` : max === Infinity ? `at least ${min}` : `${min} to ${max}`;
  throw new HelperError(
    `expects ${wanted} ${wanted.endsWith("1") ? "argument" : "arguments"}, got ${args.length}`,
  );
}

/** For error texts. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return "an object";
  return value === undefined ? "a missing value" : `a ${typeof value}`;
}
