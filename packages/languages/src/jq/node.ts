import { createJqEngine as createEngine, type JqEngine, type JqOptions } from "./index.ts";
import { readProgram } from "../node.ts";

export {
  JqError,
  JqOverrunError,
  JqProgramError,
  type JqEngine,
  type JqOptions,
  type JqProgram,
} from "./index.ts";

/** The Node door: reads the C program from jq-web once an expression needs it. */
export function createJqEngine(options: JqOptions = {}): JqEngine {
  return createEngine({ ...options, program: options.program ?? readProgram });
}
