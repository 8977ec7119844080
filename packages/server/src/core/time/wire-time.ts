/**
 * Timestamps as responses print them. The style depends on the family of the endpoint, as clients expect it; all are
 * UTC. Dates carry milliseconds, so the last three digits of the microseconds are zeros.
 */

/** Users, objects and preferences: `2026-01-02T03:04:05.678000+00:00`. */
export function microsOffset(at: Date): string {
  return `${micros(at)}+00:00`;
}

/** Tenants, lists, workflows, templates and the rest of the management API: `2026-01-02T03:04:05.678000Z`. */
export function microsZ(at: Date): string {
  return `${micros(at)}Z`;
}

/** Messages: `2026-01-02T03:04:05.678Z`. */
export function millisZ(at: Date): string {
  return at.toISOString();
}

/** `print` for columns that may be null. */
export function orNull(print: (at: Date) => string, at: Date | null): string | null {
  return at === null ? null : print(at);
}

function micros(at: Date): string {
  return `${at.toISOString().slice(0, -1)}000`;
}
