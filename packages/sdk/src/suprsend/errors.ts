import { CarillonError } from "../core/errors.ts";

/* Errors by the names that the other client gives them. All are `CarillonError`s. */

/** Bad input, or anything else that is wrong before a call. */
export class SuprsendError extends CarillonError {
  override readonly name: string = "SuprsendError";
}

/** An argument has the wrong shape. */
export class InputValueError extends SuprsendError {
  override readonly name = "InputValueError";
}

/** The client cannot be made of what it is given. */
export class SuprsendConfigError extends SuprsendError {
  override readonly name = "SuprsendConfigError";
}

/** The server refused, or could not be reached: `404: user not found`. */
export class SuprsendApiError extends SuprsendError {
  override readonly name = "SuprsendApiError";
}

export function inputError(field: string, problem: string): InputValueError {
  return new InputValueError("invalid_input", `${field}: ${problem}`, { field });
}

/** What a call throws, under this door's names. */
export function renamed(error: unknown): unknown {
  if (!(error instanceof CarillonError) || error instanceof SuprsendError) return error;
  const { code, message, status, field, requestId, detail, body } = error;
  const options = { status, field, requestId, detail, body, cause: error };
  if (code === "invalid_input") return new InputValueError(code, message, options);
  return new SuprsendApiError(code, status === 0 ? message : `${status}: ${message}`, options);
}

/** The same of what is done at once: what constructors and builders check. */
export function underNamesNow<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw renamed(error);
  }
}

/** Runs a call, and throws what it throws under this door's names. */
export async function underNames<Result>(work: () => Promise<Result> | Result): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw renamed(error);
  }
}
