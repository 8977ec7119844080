import { NODE_HASHES } from "../node.ts";
import { createJsonnetEngine as createEngine, type JsonnetEngine, type JsonnetLimits } from "./index.ts";

export {
  checkJsonnet,
  JsonnetError,
  tokenize,
  type JsonnetEngine,
  type JsonnetLimits,
  type Token,
} from "./index.ts";

/** The Node door: hashes are Node's own. */
export function createJsonnetEngine(limits: Partial<JsonnetLimits> = {}): JsonnetEngine {
  return createEngine(limits, NODE_HASHES);
}
