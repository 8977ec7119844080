import type { z } from "zod";
import type { CompileWorkflow } from "../catalog/catalog.ts";
import type { CompiledBranch, CompiledNode, StoredBranch, StoredNode } from "../catalog/workflow.ts";
import { isJsonObject } from "../core/json.ts";
import { isRootCategory, laneOf } from "../core/lane.ts";
import type { BranchRules, NodeDefinition } from "./node.ts";

/**
 * Parses the settings of every node once, so that a run only walks. A stored version outlives the code that
 * checked it: what no longer parses becomes that node's problem, and fails a run there with its reason.
 */
export function compileWith(nodes: ReadonlyMap<string, NodeDefinition>): CompileWorkflow {
  function compileNode(stored: StoredNode): CompiledNode {
    const { node_type: type, ref, name } = stored;
    const definition = nodes.get(type);
    const compiled = stored.branches?.map((branch) => compileBranch(branch, definition?.branches));
    const base = {
      type,
      ref,
      name,
      ...(compiled === undefined ? {} : { branches: compiled.map(({ branch }) => branch) }),
    };
    if (definition === undefined)
      return { ...base, config: null, problem: `node type '${type}' is not supported` };
    const { value, problem } = read(definition.config, stored.properties, []);
    const problems = [problem, ...(compiled ?? []).map((branch) => branch.problem)];
    return { ...base, config: value, problem: problems.find((one) => one !== null) ?? null };
  }

  function compileBranch(
    stored: StoredBranch,
    rules: BranchRules | undefined,
  ): { branch: CompiledBranch; problem: string | null } {
    const { name, ref, is_default, is_terminal } = stored;
    const { value, problem } =
      rules === undefined
        ? { value: null, problem: null }
        : read(rules.conditions(is_default), stored.conditions, [ref, "conditions"]);
    const inside = stored.nodes.map(compileNode);
    return { branch: { name, ref, is_default, is_terminal, conditions: value, nodes: inside }, problem };
  }

  return (definition, { slug, version_id, version_no, version_at }) => {
    const compiled = definition.tree.nodes.map(compileNode);
    return {
      slug,
      name: definition.name,
      version_id,
      version_no,
      version_at,
      category: definition.category,
      lane: laneOf(isRootCategory(definition.category) ? definition.category : "transactional"),
      definition,
      nodes: compiled,
      templates: [...new Set(compiled.flatMap((node) => named(node, "template")))],
      invokes: [...new Set(compiled.flatMap((node) => named(node, "workflow")))],
      asks_for_messages: JSON.stringify(definition.tree).includes('"$ref"'),
    };
  };
}

function read(
  schema: z.ZodType,
  stored: unknown,
  place: readonly string[],
): { value: unknown; problem: string | null } {
  const parsed = schema.safeParse(stored);
  if (parsed.success) return { value: parsed.data, problem: null };
  const [issue] = parsed.error.issues;
  const path = [...place, ...(issue?.path ?? [])].join(".");
  return { value: null, problem: `${path}: ${issue?.message ?? "is not valid"}` };
}

/** What the settings of this node and of those inside it name under a key. */
function named(node: CompiledNode, key: "template" | "workflow"): string[] {
  const { config } = node;
  const name = isJsonObject(config) ? config[key] : undefined;
  const inside = (node.branches ?? []).flatMap((branch) => branch.nodes.flatMap((one) => named(one, key)));
  return typeof name === "string" ? [name, ...inside] : inside;
}
