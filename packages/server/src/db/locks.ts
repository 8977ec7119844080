/**
 * Every advisory lock of the database, in one list, so that no two share a number. Those of one key and those of two
 * keys are separate spaces in PostgreSQL.
 */
export const LOCKS = {
  /** Held by the session of the process that owns an embedded server. */
  embedded_owner: 4_150_910,
  /** Applies migrations. */
  migrations: 4_150_911,
  /** Makes, drops and empties partitions. */
  partitions: 4_150_912,
  /** Held, shared, by the session of every process that works on jobs. */
  workers: 4_150_913,
  /** Makes the first workspace. */
  first_workspace: 4_150_914,
  /** Changes who is Admin of everything. */
  last_admin: 4_150_916,
  /** The first of two keys; the second is a bucket of push tokens in a workspace. */
  push_tokens: 4_150_915,
  /** The first of two keys; the second is the workspace whose requests are becoming runs. */
  expanding: 5_150_914,
  /** The first of two keys; the second is the list that is made to agree with its query. */
  refreshing: 5_150_915,
} as const;
