import { TemplateError } from "./template-error.ts";

/**
 * What one template, and one render of it, may cost. Templates are written by customers and by customers' customers,
 * and run inside the process that delivers everybody's messages.
 */
export interface TemplateLimits {
  /** Of a source, in UTF-16 units. */
  max_source: number;
  /** `{{…}}` in a source, comments included. */
  max_tags: number;
  /** Blocks inside blocks, subexpressions inside subexpressions. */
  max_depth: number;
  /** Rounds of all `each` blocks of one render together. */
  max_iterations: number;
  /** Of a rendered text, in UTF-16 units. Email bodies may need more than the default. */
  max_output: number;
  /** Milliseconds of one render. */
  max_ms: number;
}

export const DEFAULT_LIMITS: TemplateLimits = {
  max_source: 512 * 1024,
  max_tags: 5000,
  max_depth: 100,
  max_iterations: 10_000,
  max_output: 1024 * 1024,
  max_ms: 250,
};

/** What one render has left. */
export interface Budget {
  limits: TemplateLimits;
  clock: () => number;
  now: Date;
  ms: number;
  checked_at: number;
  iterations: number;
  output: number;
  unchecked: number;
}

export function createBudget(limits: TemplateLimits, clock: () => number, now: Date): Budget {
  return {
    limits,
    clock,
    now,
    ms: limits.max_ms,
    checked_at: clock(),
    iterations: limits.max_iterations,
    output: limits.max_output,
    unchecked: 0,
  };
}

/**
 * No step between two checks takes as long as this. A longer gap is a machine that stood still, and no reason to
 * drop a message.
 */
const LONGEST_STEP_MS = 25;

export function spendTime(budget: Budget): void {
  const at = budget.clock();
  budget.ms -= Math.min(at - budget.checked_at, LONGEST_STEP_MS);
  budget.checked_at = at;
  if (budget.ms < 0) throw refusal(`takes longer than ${budget.limits.max_ms} ms to render`);
}

export function spendIteration(budget: Budget): void {
  budget.iterations -= 1;
  if (budget.iterations < 0) throw refusal(`has more than ${budget.limits.max_iterations} iterations`);
  spendTime(budget);
}

/** Reading the clock costs more than printing a short value, so it is read once for so many characters … */
const CHECK_EVERY = 4096;
/** … where every value counts as this many more, since empty ones take time too. */
const VALUE_COST = 64;

/** Takes one printed value off the budget. */
export function spendOutput(budget: Budget, length: number): void {
  budget.output -= length;
  if (budget.output < 0) throw outputRefusal(budget);
  budget.unchecked += length + VALUE_COST;
  if (budget.unchecked < CHECK_EVERY) return;
  budget.unchecked = 0;
  spendTime(budget);
}

export function outputRefusal({ limits }: Budget): TemplateError {
  return refusal(`renders to more than ${limits.max_output} characters`);
}

function refusal(reason: string): TemplateError {
  return new TemplateError("template_budget", `template ${reason}`);
}
