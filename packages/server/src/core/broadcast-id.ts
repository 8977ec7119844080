/** Executions of broadcasts have this prefix, those of workflows do not: the wire tells them apart by it. */
export const BROADCAST_PREFIX = "broadcast_";

export function isBroadcastId(id: string): boolean {
  return id.startsWith(BROADCAST_PREFIX);
}
