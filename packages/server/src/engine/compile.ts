import type { z } from "zod";
import type { CompileWorkflow } from "../catalog/catalog.ts";
import type { CompiledBranch, CompiledNode, StoredBranch, StoredNode } from "../catalog/workflow.ts";
import { isRootCategory, laneOf } from "../core/lane.ts";
import type { BranchRules, NodeDefinition } from "./node.ts";

/** Declarations of all nodes of a workflow, collected. */
interface Used {
  templates: Set<string>;
  workflows: Set<string>;
  namespaces: Set<string>;
}

/**
 * Parses the settings of every node once, so that a run only walks. A stored version outlives the code that validated
 * it: settings that no longer parse become that node's problem, and fail a run there with the reason.
 */
export function compileWith(nodes: ReadonlyMap<string, NodeDefinition>): CompileWorkflow {
  function compileNode(stored: StoredNode, used: Used): CompiledNode {
    const { node_type: type, ref, name } = stored;
    const definition = nodes.get(type);
    const compiled = stored.branches?.map((branch) => compileBranch(branch, definition?.branches, used));
    const base = {
      type,
      ref,
      name,
      ...(compiled === undefined ? {} : { branches: compiled.map(({ branch }) => branch) }),
    };
    if (definition === undefined)
      return { ...base, config: null, problem: `node type '${type}' is not supported` };
    const { value, problem } = read(definition.config, stored.properties, []);
    if (problem === null) {
      const { template, workflow } = definition.uses?.(value) ?? {};
      if (template !== undefined) used.templates.add(template);
      if (workflow !== undefined) used.workflows.add(workflow);
    }
    const problems = [problem, ...(compiled ?? []).map((branch) => branch.problem)];
    return { ...base, config: value, problem: problems.find((one) => one !== null) ?? null };
  }

  function compileBranch(
    stored: StoredBranch,
    rules: BranchRules | undefined,
    used: Used,
  ): { branch: CompiledBranch; problem: string | null } {
    const { name, ref, is_default, is_terminal } = stored;
    const { value, problem } =
      rules === undefined
        ? { value: null, problem: null }
        : read(rules.conditions(is_default), stored.conditions, [ref, "conditions"]);
    if (problem === null) for (const name of rules?.reads?.(value) ?? []) used.namespaces.add(name);
    const inside = stored.nodes.map((node) => compileNode(node, used));
    return { branch: { name, ref, is_default, is_terminal, conditions: value, nodes: inside }, problem };
  }

  return (definition, { slug, version_id, version_no, version_at }) => {
    const used: Used = { templates: new Set(), workflows: new Set(), namespaces: new Set() };
    const compiled = definition.tree.nodes.map((node) => compileNode(node, used));
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
      templates: [...used.templates],
      invokes: [...used.workflows],
      asks_for_messages: used.namespaces.has("$ref"),
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
