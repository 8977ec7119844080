import type { CompileWorkflow } from "../catalog/catalog.ts";
import type { CompiledBranch, CompiledNode, StoredBranch, StoredNode } from "../catalog/workflow.ts";
import type { Condition } from "../core/conditions.ts";
import { isRootCategory, laneOf } from "../core/lane.ts";
import type { NodeDefinition } from "./node.ts";

/**
 * Parses the settings of every node once, so that a run only walks. A stored version outlives the code that
 * checked it: what no longer parses becomes that node's problem, and fails a run there with its reason.
 */
export function compileWith(nodes: ReadonlyMap<string, NodeDefinition>): CompileWorkflow {
  function compileNode(stored: StoredNode): CompiledNode {
    const { node_type: type, ref, name } = stored;
    const base = {
      type,
      ref,
      name,
      ...(stored.branches === undefined ? {} : { branches: stored.branches.map(compileBranch) }),
    };
    const definition = nodes.get(type);
    if (definition === undefined)
      return { ...base, config: null, problem: `node type '${type}' is not supported` };
    const parsed = definition.config.safeParse(stored.properties);
    if (parsed.success) return { ...base, config: parsed.data, problem: null };
    const [issue] = parsed.error.issues;
    return {
      ...base,
      config: null,
      problem: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "is not valid"}`,
    };
  }

  function compileBranch(stored: StoredBranch): CompiledBranch {
    return {
      name: stored.name,
      ref: stored.ref,
      is_default: stored.is_default,
      is_terminal: stored.is_terminal,
      conditions: stored.conditions as unknown as Condition[],
      nodes: stored.nodes.map(compileNode),
    };
  }

  return (definition, { slug, version_id, version_no }) => {
    const compiled = definition.tree.nodes.map(compileNode);
    return {
      slug,
      name: definition.name,
      version_id,
      version_no,
      category: definition.category,
      lane: laneOf(isRootCategory(definition.category) ? definition.category : "transactional"),
      definition,
      nodes: compiled,
      templates: [...new Set(compiled.flatMap(templatesOf))],
    };
  };
}

function templatesOf(node: CompiledNode): string[] {
  const { config } = node;
  const names =
    typeof config === "object" && config !== null && "template" in config ? [config.template] : [];
  const inside = (node.branches ?? []).flatMap((branch) => branch.nodes.flatMap(templatesOf));
  return [...names.filter((name) => typeof name === "string"), ...inside];
}
