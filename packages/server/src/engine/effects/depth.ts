import type { Run } from "../run.ts";

/** Workflows that cause each other in a circle end here. */
export const MAX_DEPTH = 10;

/** How deep is what this run causes; null where the chain ends. */
export function nextDepth({ memory }: Run): number | null {
  const depth = (memory.depth ?? 0) + 1;
  return depth > MAX_DEPTH ? null : depth;
}
