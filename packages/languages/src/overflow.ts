/** Whether JavaScript ran out of stack: a RangeError in V8 and JavaScriptCore, an InternalError in SpiderMonkey. */
export function isStackOverflow(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (error instanceof RangeError && error.message.includes("call stack")) || isInternal(error);
}

/** Whether JavaScript itself gave up: no stack left, or a text or array longer than it can make. */
export function isEngineLimit(error: unknown): boolean {
  return error instanceof RangeError || (error instanceof Error && isInternal(error));
}

function isInternal(error: Error): boolean {
  return error.name === "InternalError";
}
