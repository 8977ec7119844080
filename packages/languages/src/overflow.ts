/**
 * Says whether JavaScript ran out of stack: a RangeError in V8 and JavaScriptCore, an InternalError in SpiderMonkey.
 */
export function isStackOverflow(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (error instanceof RangeError && error.message.includes("call stack")) || isInternal(error);
}

/** Says whether JavaScript itself gave up: out of stack, or asked for a string or array longer than it can make. */
export function isEngineLimit(error: unknown): boolean {
  return error instanceof RangeError || (error instanceof Error && isInternal(error));
}

function isInternal(error: Error): boolean {
  return error.name === "InternalError";
}
