import type { NodeExpression } from "../engine/node.ts";

/** Checks a setting's expression: why it can never be evaluated, null when it can. */
export interface ExpressionCheck {
  check: (language: NodeExpression["language"], source: string) => string | null;
}

const NAMES: Readonly<Record<NodeExpression["language"], string>> = {
  jq: "jq",
  jsonnet: "Jsonnet",
  handlebars: "Handlebars",
};

/** As `field[0].name: is not valid jq: reason`; problems that a run would otherwise only hit when it gets there. */
export function expressionProblems(
  expressions: readonly NodeExpression[],
  { check }: ExpressionCheck,
): string[] {
  return expressions.flatMap(({ path, language, source }) => {
    const reason = check(language, source);
    return reason === null ? [] : [`${bracketed(path)}: ${notValid(language, reason)}`];
  });
}

export function notValid(language: NodeExpression["language"], reason: string): string {
  return `is not valid ${NAMES[language]}: ${onOneLine(reason)}`;
}

/** Nodes write `variables.0.value` where schemas write `variables[0].value`. */
function bracketed(path: string): string {
  return path.replaceAll(/\.(\d+)(?=\.|$)/g, "[$1]");
}

/** Handlebars marks the position where it stopped, on a separate line under the text; in words it fits on one line. */
function onOneLine(reason: string): string {
  const [head = "", excerpt = "", pointer = ""] = reason.split("\n");
  if (!/^-*\^$/.test(pointer)) return reason.replaceAll(/\s*\n\s*/g, " ");
  const read = excerpt.slice(0, pointer.length - 1);
  return `${head.replace(/:$/, "")}${read === "" ? ", at its start" : `, after '${read}'`}`;
}
