import type { AssertNode, Bind, Node } from "../syntax/ast.ts";
import type { Names } from "./names.ts";
import type { Code, ObjectValue } from "../value.ts";

/** What the parts of the compiler share: the source, the library, and the way back to the whole. */
export interface Compiler {
  readonly source: string;
  readonly std: ObjectValue;
  readonly code: (compiler: Compiler, node: Node, names: Names, tail: boolean) => Code;
  /** For slots of which one may name another. */
  readonly binds: (compiler: Compiler, binds: readonly Bind[], names: Names) => Code[];
  readonly check: (compiler: Compiler, check: AssertNode, names: Names) => Code;
}
