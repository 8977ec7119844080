import { TemplateError } from "./template-error.ts";

/**
 * The cost limits of a template and of one render. Templates are written by customers and by customers' customers, and
 * run inside the process that delivers everybody's messages.
 */
export interface TemplateLimits {
  /** The length of a source, in UTF-16 units. */
  max_source: number;
  /** The number of `{{…}}` in a source, including comments. */
  max_tags: number;
  /** Nesting of blocks and of subexpressions. */
  max_depth: number;
  /** Iterations of all `each` blocks of one render together. */
  max_iterations: number;
  /** The length of a rendered text, in UTF-16 units. E-mail bodies may need more than the default. */
  max_output: number;
  /** Milliseconds for one render. */
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

/** The remaining budget of one render. */
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
 * No step between two checks takes as long as this. A longer gap means that the machine stalled, which is no reason to
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

/** Reading the clock costs more than printing a short value, so it is read once per this many characters … */
const CHECK_EVERY = 4096;
/** … where every value counts as this many more, since empty ones take time too. */
const VALUE_COST = 64;

/** Deducts one printed value from the budget. */
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
