import type { AssertNode, Bind, Node } from "../syntax/ast.ts";
import type { Names } from "./names.ts";
import type { Code, ObjectValue } from "../value.ts";

/**
 * What the parts of the compiler share: the source, the library, and the functions of `compile.ts` that they call in
 * turn.
 */
export interface Compiler {
  readonly source: string;
  readonly std: ObjectValue;
  readonly code: (compiler: Compiler, node: Node, names: Names, tail: boolean) => Code;
  /** Compiles binds, which may refer to each other. */
  readonly binds: (compiler: Compiler, binds: readonly Bind[], names: Names) => Code[];
  readonly check: (compiler: Compiler, check: AssertNode, names: Names) => Code;
}
