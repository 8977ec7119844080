/** A message, and the visit of a node that made it: a run passes a node once. */
export interface MessageRef {
  workspace_id: number;
  id: string;
}

export interface NodeRef {
  workspace_id: number;
  execution_id: string;
  node_ref: string;
}

export function refColumns(refs: MessageRef[]): [number[], string[]] {
  return [refs.map(({ workspace_id }) => workspace_id), refs.map(({ id }) => id)];
}

export function nodeColumns(nodes: NodeRef[]): [number[], string[], string[]] {
  return [
    nodes.map(({ workspace_id }) => workspace_id),
    nodes.map(({ execution_id }) => execution_id),
    nodes.map(({ node_ref }) => node_ref),
  ];
}
