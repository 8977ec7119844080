/** Which runs to cancel: all given conditions must hold. */
export interface CancelFilter {
  execution_id: string | null;
  /** Any of these: distinct ids, `object_type/id`, or addresses. */
  recipients: string[] | null;
  /** The trigger's, as are the next two. */
  idempotency_key: string | null;
  cancellation_key: string | null;
  workflow_slug: string | null;
}

/** True if the filter names a trigger: then only that trigger's items are removed from a batch. */
export function namesTrigger({ execution_id, idempotency_key, cancellation_key }: CancelFilter): boolean {
  return execution_id === null && (idempotency_key !== null || cancellation_key !== null);
}

/** True if the filter may name only part of a request: which part is known only when it is expanded. */
export function namesPart({ execution_id, recipients, workflow_slug }: CancelFilter): boolean {
  return execution_id === null && (recipients !== null || workflow_slug !== null);
}
