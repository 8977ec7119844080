import type { Translator } from "../core/translations/lookup.ts";
import type { Budget } from "./budget.ts";

/**
 * A helper: takes the values of its arguments and returns a value. It may return any JSON, `rawText` or
 * `printableList`; undefined and null print as nothing. To refuse its arguments it throws a `HelperError`, which ends
 * the render.
 */
export type Helper = (args: readonly unknown[], call: HelperCall) => unknown;

export interface HelperCall {
  /** Named arguments. Read own properties only: a template chooses the keys. */
  hash: Readonly<Record<string, unknown>>;
  /** The context of the render. */
  root: unknown;
  /** The time of the render. */
  now: Date;
  budget: Budget;
  /** The texts in the recipient's languages; null where nothing is translated. */
  translator: Translator | null;
  /** The content of the block, rendered for the helper's own context; null if it is not used as a block. */
  block: { main: () => string; otherwise: () => string } | null;
}

/** Only the reason: the helper's name is prepended, and the position in the source appended. */
export class HelperError extends Error {
  override name = "HelperError";
}

export type Helpers = Readonly<Record<string, Helper>>;

/** A helper with its entry in the reference. */
export interface DescribedHelper {
  /** How it is called, with the names of its arguments; optional ones in brackets. */
  usage: string;
  /** What it gives, and what it refuses: whole sentences in Markdown. */
  summary: string;
  /** Templates over `EXAMPLE_DATA`, with what they give. They are run. */
  examples: readonly (readonly [source: string, gives: string])[];
  run: Helper;
}

export type DescribedHelpers = Readonly<Record<string, DescribedHelper>>;

export function expectCount(args: readonly unknown[], min: number, max: number): void {
  if (args.length >= min && args.length <= max) return;
  const wanted = min === max ? `${min}` : max === Infinity ? `at least ${min}` : `${min} to ${max}`;
  throw new HelperError(
    `expects ${wanted} ${wanted.endsWith("1") ? "argument" : "arguments"}, got ${args.length}`,
  );
}

/** For error messages. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return "an object";
  return value === undefined ? "a missing value" : `a ${typeof value}`;
}
