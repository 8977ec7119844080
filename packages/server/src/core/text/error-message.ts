/** The message of any thrown value. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The reason stored for work that failed inside Carillon; the prefix `500:` distinguishes it from a refusal. */
export function internalReason(error: unknown): string {
  return `500: ${errorMessage(error)}`;
}
