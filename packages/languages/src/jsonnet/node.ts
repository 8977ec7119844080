import { NODE_HASHES } from "../node.ts";
import { createJsonnetEngine as createEngine, type JsonnetEngine, type JsonnetOptions } from "./index.ts";

export {
  checkJsonnet,
  HostError,
  JsonnetError,
  tokenize,
  type HostFunction,
  type HostFunctions,
  type JsonnetEngine,
  type JsonnetLimits,
  type JsonnetOptions,
  type Token,
} from "./index.ts";

/** The Node door: hashes are Node's own. */
export function createJsonnetEngine(options: JsonnetOptions = {}): JsonnetEngine {
  return createEngine(options, NODE_HASHES);
}
