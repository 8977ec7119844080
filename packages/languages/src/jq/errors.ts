/** An expression that is not valid jq, or that failed. The message is for the expression's author. */
export class JqError extends Error {
  override name = "JqError";
}

/** The expression is not valid jq, whatever the input. */
export class JqSyntaxError extends JqError {
  override name = "JqSyntaxError";
}

/** The expression is delegated to the C program, and the engine has none, or one that cannot be used. */
export class JqProgramError extends JqError {
  override name = "JqProgramError";
}

/** The expression took more steps, memory or output than it may. With similar input it would do so again. */
export class JqOverrunError extends JqError {
  override name = "JqOverrunError";
}

const MAX_MESSAGE = 500;

/** Makes a message safe to log and store, since `error` lets an expression's author write anything. */
export function readable(message: string): string {
  const text = message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message;
  return text.replaceAll("\0", "\\u0000").toWellFormed();
}
