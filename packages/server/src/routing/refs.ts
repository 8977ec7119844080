import { int, text } from "../db/bulk.ts";

/** A message, and the visit of a node that created it: a run passes a node once. */
export interface MessageRef {
  workspace_id: number;
  id: string;
}

export interface NodeRef {
  workspace_id: number;
  execution_id: string;
  node_ref: string;
}

/** Its columns, for `rowsOf` and `insertAll`. */
export const nodeKey = {
  workspace_id: int((node: NodeRef) => node.workspace_id),
  execution_id: text((node: NodeRef) => node.execution_id),
  node_ref: text((node: NodeRef) => node.node_ref),
};
