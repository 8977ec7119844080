/**
 * Codes of the entries in a request's `errors`: why part of a request did not run, beyond the errors that the API
 * itself returns (`errors.ts`). They are stored: they may be added, never renamed.
 */
export const PROBLEM_CODES = {
  cancelled: "It was cancelled through the API before it began.",
  category_not_found: "The broadcast's category is not published.",
  channel_identities_invalid: "Every address that the trigger gave for the recipient is invalid.",
  conditions_false: "The workflow's trigger conditions are false for the recipient; `trace` has the values.",
  duplicate_idempotency_key: "The idempotency key was used within the last 24 hours.",
  invalid_profile_value: "A value that the trigger gave for the recipient's profile was left out.",
  list_empty: "Nobody was in the broadcast's list when it began.",
  list_not_refreshed: "The query of the broadcast's list failed, so who is in it is not known.",
  list_not_found: "The broadcast's list does not exist.",
  no_valid_recipients: "None of the recipients could be used.",
  not_rehearsed: "A dry run does not go on into this workflow.",
  override_failed: "An override of the workflow's event gave no usable value.",
  profile_refused: "The recipient's profile refused what the trigger said about it.",
  redriven: "The request was put back through the API.",
  request_gone: "The request that began the fan-out has outlived its retention.",
  template_not_found: "The broadcast's template has no live version, or none of the channels asked for.",
  tenant_not_associated:
    "The workspace keeps users to their tenants, and the recipient does not belong to this one.",
  tenant_not_found: "The tenant does not exist.",
  throttled: "The recipient has had as many executions of the workflow as its rate limit allows.",
  user_not_found: "The recipient does not exist, and the trigger gives no address.",
  workflow_not_available: "The workflow was deleted, disabled or never committed.",
} as const;

export type ProblemCode = keyof typeof PROBLEM_CODES;
