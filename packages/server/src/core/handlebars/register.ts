import { type Budget, outputRefusal, spendIteration, spendTime } from "./budget.ts";
import type { HandlebarsInstance } from "./compile.ts";
import { type Helper, HelperError, type Helpers } from "./helper.ts";
import { TemplateError } from "./template-error.ts";

/**
 * Puts helpers into an instance of the `handlebars` package, and every helper under the budget of the render that
 * calls it: the package's own blocks too, and `each` with its iterations.
 */
export function registerHelpers(
  handlebars: HandlebarsInstance,
  helpers: Helpers,
  budgetOf: () => Budget,
): void {
  handlebars.unregisterHelper("log");
  for (const [name, original] of Object.entries(handlebars.helpers as Record<string, PackageHelper>)) {
    const helper = name === "each" ? countedEach(original, budgetOf) : original;
    handlebars.registerHelper(name, function timed(this: unknown, ...args: unknown[]) {
      spendTime(budgetOf());
      return helper.apply(this, args);
    });
  }
  for (const [name, helper] of Object.entries(helpers)) {
    handlebars.registerHelper(name, adapt(name, helper, budgetOf));
  }
}

/** As the package calls a helper: with the context as `this` and its options last. */
type PackageHelper = (this: unknown, ...args: unknown[]) => unknown;

interface PackageOptions {
  hash?: Record<string, unknown>;
  data?: { root?: unknown };
  fn?: (context: unknown, options?: unknown) => string;
  inverse?: (context: unknown) => string;
  loc?: { start: { line: number; column: number } };
}

function countedEach(original: PackageHelper, budgetOf: () => Budget): PackageHelper {
  return function each(this: unknown, ...args: unknown[]) {
    const options = args.at(-1) as PackageOptions;
    const { fn } = options;
    if (fn === undefined) throw new Error("each must be a block");
    const budget = budgetOf();
    let length = 0;
    const counted = (context: unknown, more?: unknown): string => {
      spendIteration(budget);
      const text = fn(context, more);
      length += text.length;
      if (length > budget.limits.max_output) throw outputRefusal(budget);
      return text;
    };
    return original.apply(this, [...args.slice(0, -1), { ...options, fn: counted }]);
  };
}

function adapt(name: string, helper: Helper, budgetOf: () => Budget): PackageHelper {
  return function adapted(this: unknown, ...args: unknown[]) {
    const options = args.pop() as PackageOptions;
    const { fn, inverse } = options;
    const budget = budgetOf();
    spendTime(budget);
    const block =
      fn === undefined
        ? null
        : { main: () => fn(this), otherwise: () => (inverse === undefined ? "" : inverse(this)) };
    try {
      const result = helper(args, {
        hash: options.hash ?? {},
        root: options.data?.root,
        now: budget.now,
        budget,
        block,
      });
      if (typeof result === "string" && result.length > budget.limits.max_output) throw outputRefusal(budget);
      return result;
    } catch (error) {
      if (!(error instanceof HelperError)) throw error;
      const start = options.loc?.start;
      const place = start === undefined ? "" : ` - ${start.line}:${start.column}`;
      throw new TemplateError("template_render", `${name}: ${error.message}${place}`, { cause: error });
    }
  };
}
