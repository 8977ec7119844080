/** The message of whatever was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The reason stored for work that failed inside Carillon: told apart from refusals by its `500:`. */
export function internalReason(error: unknown): string {
  return `500: ${errorMessage(error)}`;
}
