import Handlebars from "handlebars";
import type { JsonObject } from "../core/json.ts";
import type { Translator } from "../core/translations/lookup.ts";
import { withLenientActor } from "./actor.ts";
import { createBudget, DEFAULT_LIMITS, outputRefusal, type TemplateLimits } from "./budget.ts";
import { createLru } from "../core/lru.ts";
import { type CompileOptions, compileSource, type CompiledSource } from "./compile.ts";
import type { Helpers } from "./helper.ts";
import { createHelpers } from "./helpers.ts";
import { createPrinter, type Escape, escapeHtml, type Rendering } from "./print.ts";
import { registerHelpers } from "./register.ts";
import { checkSource } from "./source-check.ts";
import { TemplateError, toTemplateError } from "./template-error.ts";

/**
 * Handlebars templates, strict by default, with the helpers of the wire, safe to run for untrusted authors inside the
 * server.
 *
 * - The language is that of the `handlebars` package on an instance of its own: parsed and compiled once per source. A
 *   source must be text, never a syntax tree, which the package would turn into code.
 * - A context is JSON and is not copied. The package reads own properties only and refuses those of a prototype; JSON
 *   has no functions, accessors or prototypes of its own, so there is nothing else to reach. Templates print through
 *   `print.ts`, which calls no method of a value.
 * - Loops, output, nesting and time are bounded (`budget.ts`), before parsing too (`source-check.ts`).
 */
export interface TemplateEngine {
  /**
   * Cached by source. Throws `TemplateError`, so that a source that does not compile fails here, not at the first
   * render.
   */
  compile: (source: string) => Template;
  /** Runs `work` with one budget, and one `now`, for all that this engine renders in it. */
  share: <T>(work: () => T, now?: Date) => T;
}

export interface Template {
  /**
   * Why no data can make it render, although it compiles: it calls a helper that does not exist, in a place that every
   * render reaches. Null otherwise.
   */
  problem: string | null;
  /**
   * Throws `TemplateError`. `{{ }}` escapes for HTML unless the engine's `escape` is off; `escape` here names another
   * way, for text that goes to another place. `now` is the meaning of the text `"now"` for helpers, by default the
   * current time.
   */
  render: (context: JsonObject, options?: RenderOptions) => string;
}

export interface RenderOptions {
  now?: Date;
  escape?: Escape;
  /** Where the helper `t` finds its texts. */
  translator?: Translator | null;
}

export interface TemplateEngineOptions extends Partial<TemplateLimits>, Partial<CompileOptions> {
  /** In addition to the built-in ones, or replacing those with the same name. */
  helpers?: Helpers;
  /** Milliseconds since the epoch, monotonic. */
  clock?: () => number;
}

export type { TemplateLimits } from "./budget.ts";
export { TemplateError } from "./template-error.ts";

/** Approximate bytes. A compiled tag takes far more memory than its source: 17 KB for a sentence with eight of them. */
const MAX_CACHED = 64 * 1024 * 1024;
const WEIGHT_OF_TEMPLATE = 1000;
const WEIGHT_OF_TAG = 2000;

export function createTemplateEngine(options: TemplateEngineOptions = {}): TemplateEngine {
  const {
    helpers = {},
    clock = () => performance.timeOrigin + performance.now(),
    strict = true,
    escape = true,
    ...given
  } = options;
  const limits: TemplateLimits = { ...DEFAULT_LIMITS, ...given };
  const handlebars = Handlebars.create();
  const cache = createLru<Template>(MAX_CACHED);
  /** The render that is running: rendering is synchronous, so there is one, or a helper's inside another. */
  let current: Rendering | null = null;

  function rendering(): Rendering {
    if (current === null) throw new Error("no template is being rendered");
    return current;
  }

  registerHelpers(handlebars, { ...createHelpers(), ...helpers }, strict, rendering);
  const printer = createPrinter(rendering);

  function compileOrRefuse(source: string): CompiledSource {
    try {
      return compileSource(handlebars, source, printer, { strict, escape });
    } catch (cause) {
      throw toTemplateError(cause, "template_syntax");
    }
  }

  function createTemplate(source: string): Template {
    if (!source.includes("{{")) return { problem: null, render: () => source };
    const { run, problem } = compileOrRefuse(source);
    const asksForActor = source.includes("$actor");
    return {
      problem,
      render(context, { now, escape: escapeValue = escapeHtml, translator = null } = {}) {
        const outer = current;
        const budget = outer?.budget ?? createBudget(limits, clock, now ?? new Date(clock()));
        current = { budget, escape: escapeValue, translator };
        try {
          const text = run(asksForActor ? withLenientActor(context) : context);
          if (text.length > limits.max_output) throw outputRefusal(budget);
          return text;
        } catch (cause) {
          throw toTemplateError(cause, "template_render");
        } finally {
          current = outer;
        }
      },
    };
  }

  return {
    share(work, now) {
      const outer = current;
      const budget = outer?.budget ?? createBudget(limits, clock, now ?? new Date(clock()));
      current ??= { budget, escape: escapeHtml, translator: null };
      try {
        return work();
      } finally {
        current = outer;
      }
    },
    compile(source) {
      if (typeof source !== "string") throw new TemplateError("template_syntax", "a template must be a text");
      const known = cache.get(source);
      if (known !== undefined) return known;
      const tags = checkSource(source, limits);
      const template = createTemplate(source);
      cache.set(source, template, source.length + WEIGHT_OF_TEMPLATE + tags * WEIGHT_OF_TAG);
      return template;
    },
  };
}
