import type { InboxFailure } from "./types.ts";

/** A request that did not do what it was for. */
export class RequestError extends Error implements InboxFailure {
  readonly code: string;
  readonly status: number;
  /** Whether the same request may work later. */
  readonly isPassing: boolean;
  /** Milliseconds that the server asks to wait; 0 if it does not say. */
  readonly wait: number;

  constructor(code: string, message: string, status = 0, wait = 0, cause?: unknown) {
    super(message, { cause });
    this.name = "InboxError";
    this.code = code;
    this.status = status;
    this.isPassing = status === 0 || status >= 500 || [408, 425, 429].includes(status);
    this.wait = wait;
  }
}

/** What is thrown here is a RequestError, or an error of our own or of the page's: never lost, never retried. */
export function toFailure(error: unknown): RequestError {
  if (error instanceof RequestError) return error;
  return new RequestError(
    "unexpected",
    error instanceof Error ? error.message : String(error),
    400,
    0,
    error,
  );
}

/** Without the methods of an error: what is kept in the state and sent between tabs. */
export const plainFailure = ({ code, message, status }: InboxFailure): InboxFailure => ({
  code,
  message,
  status,
});
