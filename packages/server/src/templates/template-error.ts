import { shorten } from "../core/text/text.ts";
import { errorMessage } from "../core/text/error-message.ts";
/** Why a template could not be used: it does not parse, it does not fit the data, or it costs too much. */
export type TemplateErrorCode = "template_syntax" | "template_render" | "template_budget";

/** The message is Handlebars' own text if Handlebars refused: authors see it in logs and look it up. */
export class TemplateError extends Error {
  override name = "TemplateError";
  readonly code: TemplateErrorCode;

  constructor(code: TemplateErrorCode, message: string, options?: ErrorOptions) {
    super(shorten(message, MAX_LENGTH), options);
    this.code = code;
  }
}

/**
 * Converts anything thrown while parsing or rendering a template. The runtime's own refusals (call stack, length of a
 * string) are RangeErrors: only a template that costs too much causes them.
 */
export function toTemplateError(cause: unknown, code: "template_syntax" | "template_render"): TemplateError {
  if (cause instanceof TemplateError) return cause;
  if (cause instanceof RangeError) {
    const reason = cause.message.includes("call stack")
      ? "is nested too deeply"
      : "makes a value that is too large";
    return new TemplateError("template_budget", `template ${reason}`, { cause });
  }
  const message = errorMessage(cause);
  return new TemplateError(code, message, { cause });
}

/** Handlebars prints values into its messages, whatever their length. */
const MAX_LENGTH = 500;
