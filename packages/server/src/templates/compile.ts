import type Handlebars from "handlebars";
import type { Printer } from "./print.ts";
import { missingHelper, notDefined } from "./not-defined.ts";
import { MISSING_HELPER } from "./register.ts";
import { TemplateError } from "./template-error.ts";

/**
 * Compiles a source to a function with the compiler of the `handlebars` package. Two of its behaviours are replaced, in
 * the way it intends (a subclass of its code writer): values are printed by `Printer` and not by `+`, so that printing
 * stops at the limit; and equal blocks are no longer merged, which takes the square of their number.
 */
export interface CompiledSource {
  run: RenderFunction;
  /** Why no data can make it render; null where some may. */
  problem: string | null;
}

type RenderFunction = (context: unknown) => string;

export interface CompileOptions {
  /** A missing name refuses the render; otherwise it prints nothing. */
  strict: boolean;
  /** `{{ }}` escapes for HTML. */
  escape: boolean;
}

export type HandlebarsInstance = ReturnType<typeof Handlebars.create>;

/**
 * `source` has passed `checkSource`. Throws a `TemplateError`, or whatever the package throws, for a source that cannot
 * be rendered with any data.
 */
export function compileSource(
  handlebars: HandlebarsInstance,
  source: string,
  printer: Printer,
  { strict, escape }: CompileOptions,
): CompiledSource {
  const program = handlebars.parse(source);
  const internals = handlebars as unknown as Internals;
  const known = new Set(Object.keys(handlebars.helpers).filter((name) => !HOOKS.has(name)));
  const calls: UnknownCall[] = [];
  prepare(program, known, calls);
  const names = [...known].map((name) => [name, true]);
  // The hooks are in the package's own list, and would be called in unintended ways.
  const knownHelpers = { ...Object.fromEntries(names), log: false, ...HOOKS_OFF };
  const options = { strict, noEscape: !escape, data: true, knownHelpers };
  const environment = new internals.Compiler().compile(program, options);
  const writer = new (codeWriterOf(internals))();
  const spec = writer.compile(environment, options, undefined, true);
  const certain = calls.find(({ always }) => always);
  return {
    run: createRender(internals, spec, printer),
    problem: certain === undefined ? null : missingHelper(certain.name, certain.place).message,
  };
}

function createRender(internals: Internals, spec: TemplateSpec, printer: Printer): RenderFunction {
  const { main } = spec;
  let isReady = false;
  // The container is the package's own object, created once per template; generated code prints and looks up through
  // it.
  spec.main = (container, ...rest) => {
    if (!isReady) furnish(container, printer);
    isReady = true;
    return main(container, ...rest);
  };
  const template = internals.template(spec);
  // Set explicitly, or each denied lookup is written to the console.
  template._setup({ allowProtoPropertiesByDefault: false, allowProtoMethodsByDefault: false });
  // The setup wraps every helper; each render would repeat it with the same outcome.
  template._setup = () => {};
  return template;
}

/** Replaces the package's JavaScript errors (a key of a text, of nothing) with errors that say what and where. */
function furnish(container: Container, printer: Printer): void {
  const { lookupProperty } = container;
  container.escapeExpression = printer.escaped;
  container.printRaw = printer.raw;
  container.lookupProperty = (parent, name, place) => {
    if (parent !== undefined && parent !== null) return lookupProperty(parent, name);
    if (place === undefined) return undefined;
    throw notDefined(name, parent, place);
  };
  container.strict = (parent, name, { start }) => {
    if (typeof parent !== "object" || parent === null || !(name in parent))
      throw notDefined(name, parent, `${start.line}:${start.column}`);
    return lookupProperty(parent, name);
  };
}

/** A class, because the package requires a subclass. */
function codeWriterOf({ JavaScriptCompiler }: Internals): new () => CodeWriter {
  return class BudgetedWriter extends JavaScriptCompiler {
    compiler = BudgetedWriter;

    append(): void {
      this.pushSource(this.appendToBuffer([this.aliasable("container.printRaw"), "(", this.popStack(), ")"]));
    }

    matchExistingProgram(): undefined {}

    /** Strict lookups do not check that there is a parent, so they get their position for the error. */
    override nameLookup(parent: unknown, name: string, type: string): unknown {
      const { strict } = this.options;
      const start = this.source.currentLocation?.start;
      const lookup = super.nameLookup(parent, name, type);
      if (!strict || start === undefined || parent === "helpers" || !Array.isArray(lookup)) return lookup;
      return [...lookup.slice(0, -1), `,"${start.line}:${start.column}")`];
    }
  };
}

/** The hooks that the package calls when it finds no helper. */
const HOOKS: ReadonlySet<string> = new Set(["helperMissing", "blockHelperMissing"]);
const HOOKS_OFF = Object.fromEntries([...HOOKS].map((name) => [name, false]));

const MAX_BLOCK_PARAMS = 10;

/**
 * Refuses partials and decorators. No helper passes a block more than two parameters, and each one costs every name in
 * its block a comparison. A call of an unknown helper becomes a call of the one that reports it: data has no functions,
 * and the package would call a text. All such calls are added to `calls`.
 */
function prepare(program: AstProgram, known: ReadonlySet<string>, calls: UnknownCall[], always = true): void {
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
    if (statement.type === "MustacheStatement" || statement.type === "BlockStatement") {
      prepareCall(statement as AstCall, known, calls, always);
    }
    if (statement.program) prepare(statement.program, known, calls, false);
    if (statement.inverse) prepare(statement.inverse, known, calls, false);
  }
}

/** A call of a helper that does not exist; `always`: every render reaches it. */
interface UnknownCall {
  name: string;
  /** Its `line:column`. */
  place: string;
  always: boolean;
}

function prepareCall(node: AstCall, known: ReadonlySet<string>, calls: UnknownCall[], always: boolean): void {
  const values = [...node.params, ...(node.hash?.pairs ?? []).map(({ value }) => value)];
  for (const value of values) {
    if (value.type === "SubExpression") prepareCall(value as AstCall, known, calls, always);
  }
  const { path, loc } = node;
  if (node.type !== "SubExpression" && values.length === 0) return;
  const isName =
    path.parts?.length === 1 && path.depth === 0 && !/^(?:this\b|\.)/.test(String(path.original));
  if (isName && known.has(path.parts?.[0] ?? "")) return;
  const { start } = path.loc ?? loc;
  const name = String(path.original);
  const place = `${start.line}:${start.column}`;
  calls.push({ name, place, always });
  const text = (value: string) => ({ type: "StringLiteral", value, original: value, loc });
  node.params = [text(name), text(place), text(isName ? "name" : "path")];
  node.path = {
    type: "PathExpression",
    original: MISSING_HELPER,
    parts: [MISSING_HELPER],
    depth: 0,
    data: false,
    loc,
  };
  delete node.hash;
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

interface AstValue {
  type: string;
  loc: AstLocation;
}

interface AstPath extends AstValue {
  original: unknown;
  /** Absent for a literal. */
  parts?: string[];
  depth?: number;
  data?: boolean;
}

interface AstCall extends AstValue {
  path: AstPath;
  params: AstValue[];
  hash?: { pairs: { value: AstValue }[] };
}

interface AstStatement {
  type: string;
  loc?: AstLocation;
  name?: { original?: string };
  program?: AstProgram | null;
  inverse?: AstProgram | null;
}

/** The part of the package that its types leave out. The version is pinned, and the tests detect a change. */
interface Internals {
  Compiler: new () => { compile: (program: unknown, options: object) => unknown };
  JavaScriptCompiler: new () => CodeWriter;
  template: (spec: TemplateSpec) => RenderFunction & { _setup: (options: object) => void };
}

interface CodeWriter {
  options: { strict: boolean };
  source: { currentLocation?: AstLocation };
  nameLookup(parent: unknown, name: string, type: string): unknown;
  compile: (environment: unknown, options: object, context: undefined, asObject: true) => TemplateSpec;
  popStack: () => unknown;
  pushSource: (source: unknown) => void;
  appendToBuffer: (source: unknown) => unknown;
  aliasable: (name: string) => unknown;
}

interface TemplateSpec {
  main: (container: Container, ...rest: unknown[]) => string;
}

interface Container {
  escapeExpression: (value: unknown) => string;
  printRaw: (value: unknown) => string;
  lookupProperty: (parent: unknown, name: string, place?: string) => unknown;
  strict: (parent: unknown, name: string, loc: AstLocation) => unknown;
}
