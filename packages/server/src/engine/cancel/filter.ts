/** Which runs are to be cancelled: all of what is given must hold. */
export interface CancelFilter {
  execution_id: string | null;
  /** Any of them: distinct ids, `object_type/id`, or addresses. */
  recipients: string[] | null;
  /** Of the trigger, as are the next two. */
  idempotency_key: string | null;
  cancellation_key: string | null;
  workflow_slug: string | null;
}

/** A cancel names a trigger, and undoes no more of a batch than that trigger put into it. */
export function namesTrigger({ execution_id, idempotency_key, cancellation_key }: CancelFilter): boolean {
  return execution_id === null && (idempotency_key !== null || cancellation_key !== null);
}

/** What it names may be a part of a request: which, is known when that is expanded. */
export function namesPart({ execution_id, recipients, workflow_slug }: CancelFilter): boolean {
  return execution_id === null && (recipients !== null || workflow_slug !== null);
}
