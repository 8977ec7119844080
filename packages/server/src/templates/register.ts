import { outputRefusal, spendIteration, spendTime } from "./budget.ts";
import type Handlebars from "handlebars";
import { expectCount, type Helper, HelperError, type Helpers } from "./helper.ts";
import { missingHelper, notDefined } from "./not-defined.ts";
import type { Rendering } from "./print.ts";
import { TemplateError } from "./template-error.ts";

/**
 * Registers helpers with an instance of the `handlebars` package, each under the budget of the render that calls it:
 * the package's own blocks too, and `each` with its iterations.
 */
export function registerHelpers(
  handlebars: HandlebarsInstance,
  helpers: Helpers,
  strict: boolean,
  renderingOf: () => Rendering,
): void {
  handlebars.unregisterHelper("log");
  for (const [name, original] of Object.entries(handlebars.helpers as Record<string, PackageHelper>)) {
    const helper = name === "each" ? countedEach(original, renderingOf) : original;
    handlebars.registerHelper(name, function timed(this: unknown, ...args: unknown[]) {
      spendTime(renderingOf().budget);
      if (BLOCKS.has(name)) checkBlock(name, args);
      return helper.apply(this, args);
    });
  }
  handlebars.registerHelper(MISSING_HELPER, function missing(this: unknown, ...args: unknown[]) {
    const [name = "", place = "", kind] = args.map((value) => (typeof value === "string" ? value : ""));
    const isThere = typeof this === "object" && this !== null && name in this;
    throw strict && kind === "name" && !isThere ? notDefined(name, this, place) : missingHelper(name, place);
  });
  for (const [name, helper] of Object.entries(helpers)) {
    handlebars.registerHelper(name, adapt(name, helper, renderingOf));
  }
}

type HandlebarsInstance = ReturnType<typeof Handlebars.create>;

/** Called in place of an unknown helper, with its name, its position, and whether it is a `name` or a `path`. */
export const MISSING_HELPER = "a helper that is missing";

/** The package's own, which fail with JavaScript errors unless used as blocks with one argument. */
const BLOCKS: ReadonlySet<string> = new Set(["each", "with", "if", "unless"]);

function checkBlock(name: string, args: readonly unknown[]): void {
  const options = args.at(-1) as PackageOptions;
  withPlace(name, options, () => {
    expectCount(args.slice(0, -1), 1, 1);
    if (options.fn === undefined) throw new HelperError(`must be a block, as in {{#${name} …}}`);
  });
}

/** The package's calling convention: the context as `this` and its options last. */
type PackageHelper = (this: unknown, ...args: unknown[]) => unknown;

interface PackageOptions {
  hash?: Record<string, unknown>;
  data?: { root?: unknown };
  fn?: (context: unknown, options?: unknown) => string;
  inverse?: (context: unknown) => string;
  loc?: { start: { line: number; column: number } };
}

function countedEach(original: PackageHelper, renderingOf: () => Rendering): PackageHelper {
  return function each(this: unknown, ...args: unknown[]) {
    const options = args.at(-1) as PackageOptions;
    const { fn = () => "" } = options;
    const { budget } = renderingOf();
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

function adapt(name: string, helper: Helper, renderingOf: () => Rendering): PackageHelper {
  return function adapted(this: unknown, ...args: unknown[]) {
    const options = args.pop() as PackageOptions;
    const { fn, inverse } = options;
    const { budget, translator } = renderingOf();
    spendTime(budget);
    const block =
      fn === undefined
        ? null
        : { main: () => fn(this), otherwise: () => (inverse === undefined ? "" : inverse(this)) };
    return withPlace(name, options, () => {
      const result = helper(args, {
        hash: options.hash ?? {},
        root: options.data?.root,
        now: budget.now,
        budget,
        translator,
        block,
      });
      if (typeof result === "string" && result.length > budget.limits.max_output) throw outputRefusal(budget);
      return result;
    });
  };
}

/** Adds a helper's name and position to its refusals. */
function withPlace<T>(name: string, { loc }: PackageOptions, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    const place = loc === undefined ? "" : ` - ${loc.start.line}:${loc.start.column}`;
    throw new TemplateError("template_render", `${name}: ${error.message}${place}`, { cause: error });
  }
}
