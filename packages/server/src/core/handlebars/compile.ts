import type Handlebars from "handlebars";
import type { Printer } from "./print.ts";
import { TemplateError } from "./template-error.ts";

/**
 * From source to a function, by the compiler of the `handlebars` package. Two of its habits are replaced, in
 * the way it foresees (a subclass of its code writer): values are printed by `Printer` and not by `+`, so that
 * printing stops at the limit; and equal blocks are no longer merged, which takes the square of their number.
 */
export type RenderFunction = (context: unknown) => string;

export interface CompileOptions {
  /** A name that is not there refuses the render; otherwise it prints nothing. */
  strict: boolean;
  /** `{{ }}` escapes for HTML. */
  escape: boolean;
}

export type HandlebarsInstance = ReturnType<typeof Handlebars.create>;

/**
 * `source` has passed `checkSource`. Throws a `TemplateError`, or whatever the package throws, for what cannot be
 * rendered whatever the data is.
 */
export function compileSource(
  handlebars: HandlebarsInstance,
  source: string,
  printer: Printer,
  { strict, escape }: CompileOptions,
): RenderFunction {
  const program = handlebars.parse(source);
  refuseUnsupported(program);
  const internals = handlebars as unknown as Internals;
  const names = Object.keys(handlebars.helpers).map((name) => [name, true]);
  const knownHelpers = { ...Object.fromEntries(names), log: false };
  const options = { strict, noEscape: !escape, data: true, knownHelpers };
  const environment = new internals.Compiler().compile(program, options);
  const writer = new (codeWriterOf(internals))();
  const spec = writer.compile(environment, options, undefined, true);
  return createRender(internals, spec, printer);
}

function createRender(internals: Internals, spec: TemplateSpec, printer: Printer): RenderFunction {
  const { main } = spec;
  // The container is the package's own object, made once per template; generated code prints through it.
  spec.main = (container, ...rest) => {
    container.escapeExpression = printer.escaped;
    container.printRaw = printer.raw;
    return main(container, ...rest);
  };
  const template = internals.template(spec);
  // Said explicitly, or each denied look-up is written to the console.
  template._setup({ allowProtoPropertiesByDefault: false, allowProtoMethodsByDefault: false });
  // The set-up wraps every helper and would be repeated by each render with the same outcome.
  template._setup = () => {};
  return template;
}

/** A class, because the package takes a subclass. */
function codeWriterOf({ JavaScriptCompiler }: Internals): new () => CodeWriter {
  return class BudgetedWriter extends JavaScriptCompiler {
    compiler = BudgetedWriter;

    append(): void {
      this.pushSource(this.appendToBuffer([this.aliasable("container.printRaw"), "(", this.popStack(), ")"]));
    }

    matchExistingProgram(): undefined {}
  };
}

const MAX_BLOCK_PARAMS = 10;

/**
 * Partials and decorators do not exist here. No helper gives a block more than two parameters, and each one costs
 * every name in its block a comparison.
 */
function refuseUnsupported(program: AstProgram): void {
  if ((program.blockParams?.length ?? 0) > MAX_BLOCK_PARAMS) {
    throw refusal(`a block has more than ${MAX_BLOCK_PARAMS} parameters`, program);
  }
  for (const statement of program.body as AstStatement[]) {
    if (statement.type.startsWith("Partial")) {
      throw refusal(
        `The partial ${statement.name?.original ?? "given by an expression"} could not be found`,
        statement,
      );
    }
    if (statement.type.startsWith("Decorator")) throw refusal("decorators are not supported", statement);
    if (statement.program) refuseUnsupported(statement.program);
    if (statement.inverse) refuseUnsupported(statement.inverse);
  }
}

function refusal(message: string, { loc }: { loc?: AstLocation }): TemplateError {
  const place = loc === undefined ? "" : ` - ${loc.start.line}:${loc.start.column}`;
  return new TemplateError("template_syntax", `${message}${place}`);
}

interface AstLocation {
  start: { line: number; column: number };
}

interface AstProgram {
  body: unknown[];
  blockParams?: string[];
  loc?: AstLocation;
}

interface AstStatement {
  type: string;
  loc?: AstLocation;
  name?: { original?: string };
  program?: AstProgram | null;
  inverse?: AstProgram | null;
}

/** The part of the package that its types leave out. The version is pinned, and the tests notice a change. */
interface Internals {
  Compiler: new () => { compile: (program: unknown, options: object) => unknown };
  JavaScriptCompiler: new () => CodeWriter;
  template: (spec: TemplateSpec) => RenderFunction & { _setup: (options: object) => void };
}

interface CodeWriter {
  compile: (environment: unknown, options: object, context: undefined, asObject: true) => TemplateSpec;
  popStack: () => unknown;
  pushSource: (source: unknown) => void;
  appendToBuffer: (source: unknown) => unknown;
  aliasable: (name: string) => unknown;
}

interface TemplateSpec {
  main: (container: Record<string, unknown>, ...rest: unknown[]) => string;
}
