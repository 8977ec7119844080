/*
 * The syntax tree. `at` is the offset in the source that an error names. `height` is the number of nodes on the
 * longest branch below, itself included, which bounds the depth of anything that walks or runs the tree.
 */
interface Base {
  readonly at: number;
  readonly height: number;
}

export interface Bind {
  readonly at: number;
  readonly name: string;
  readonly value: Node;
}

export interface Parameter {
  readonly at: number;
  readonly name: string;
  readonly fallback: Node | null;
}

export interface NamedArgument {
  readonly at: number;
  readonly name: string;
  readonly value: Node;
}

/** `:` inherits the visibility of the field it overrides, `::` hides, `:::` shows. */
export type Visibility = "inherited" | "hidden" | "visible";

export interface FieldNode {
  readonly at: number;
  /** A name written in the source, or an expression. */
  readonly name: string | Node;
  readonly visibility: Visibility;
  /** `+:`, which adds the value to that of `super`. */
  readonly adds: boolean;
  readonly value: Node;
}

export interface AssertNode {
  readonly at: number;
  readonly condition: Node;
  readonly message: Node | null;
}

export type Clause =
  | { readonly kind: "for"; readonly at: number; readonly name: string; readonly over: Node }
  | { readonly kind: "if"; readonly at: number; readonly condition: Node };

export type BinaryOperator =
  | "*"
  | "/"
  | "%"
  | "+"
  | "-"
  | "<<"
  | ">>"
  | "<"
  | "<="
  | ">"
  | ">="
  | "in"
  | "=="
  | "!="
  | "&"
  | "^"
  | "|"
  | "&&"
  | "||";

export type UnaryOperator = "-" | "+" | "!" | "~";

export type Node = Base &
  (
    | { readonly kind: "literal"; readonly value: null | boolean | number | string }
    | { readonly kind: "variable"; readonly name: string }
    | { readonly kind: "self" | "dollar" }
    | { readonly kind: "local"; readonly binds: Bind[]; readonly body: Node }
    | {
        readonly kind: "if";
        readonly condition: Node;
        readonly consequence: Node;
        readonly otherwise: Node | null;
      }
    | { readonly kind: "error"; readonly message: Node }
    | { readonly kind: "assert"; readonly check: AssertNode; readonly body: Node }
    | { readonly kind: "function"; readonly parameters: Parameter[]; readonly body: Node }
    | {
        readonly kind: "call";
        readonly callee: Node;
        readonly positional: Node[];
        readonly named: NamedArgument[];
        readonly tailstrict: boolean;
      }
    | { readonly kind: "unary"; readonly operator: UnaryOperator; readonly operand: Node }
    | {
        readonly kind: "binary";
        readonly operator: BinaryOperator;
        readonly left: Node;
        readonly right: Node;
      }
    | { readonly kind: "index"; readonly target: Node; readonly index: Node }
    | { readonly kind: "super"; readonly index: Node }
    | { readonly kind: "in-super"; readonly index: Node }
    | {
        readonly kind: "slice";
        readonly target: Node;
        readonly from: Node | null;
        readonly to: Node | null;
        readonly step: Node | null;
      }
    | { readonly kind: "array"; readonly items: Node[] }
    | { readonly kind: "array-comprehension"; readonly item: Node; readonly clauses: Clause[] }
    | {
        readonly kind: "object";
        readonly fields: FieldNode[];
        readonly locals: Bind[];
        readonly asserts: AssertNode[];
      }
    | {
        readonly kind: "object-comprehension";
        readonly field: FieldNode & { readonly name: Node };
        readonly locals: Bind[];
        readonly clauses: Clause[];
      }
  );

export type NodeOf<Kind extends Node["kind"]> = Extract<Node, { kind: Kind }>;
