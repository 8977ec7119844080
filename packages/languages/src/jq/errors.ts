/** An expression that is no jq, or that failed; the message is for its author. */
export class JqError extends Error {
  override name = "JqError";
}

/** It is no jq, whatever the input. */
export class JqSyntaxError extends JqError {
  override name = "JqSyntaxError";
}

/** The expression is one for the C program, and the engine has none, or one that does not fit. */
export class JqProgramError extends JqError {
  override name = "JqProgramError";
}

/** It took more time, memory or output than it may. With the like input it would do so again. */
export class JqOverrunError extends JqError {
  override name = "JqOverrunError";
}

const MAX_MESSAGE = 500;

/** A message that can be logged and stored: an expression's author chooses what `error` says. */
export function readable(message: string): string {
  const text = message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message;
  return text.replaceAll("\0", "\\u0000").toWellFormed();
}
