/**
 * Every error that the product can return. A surface chooses the envelope; this table gives the HTTP status, the
 * machine-readable type names of the two error families, and the remedy.
 */
export interface ErrorEntry {
  status: number;
  /** `type` of the management family, e.g. `ValidationError`. */
  type: string;
  /** One line for docs/reference/errors.md: when it happens and what to do. */
  help: string;
}

export const ERRORS = {
  validation_error: {
    status: 400,
    type: "ValidationError",
    help: "The request does not have the right shape. The message names the field and what it expects.",
  },
  invalid_request_error: {
    status: 400,
    type: "ValidationError",
    help: "The user, object or preference request has a wrong value. The message names it.",
  },
  bad_json: {
    status: 400,
    type: "ValidationError",
    help: "The body is not JSON. Send UTF-8 JSON with Content-Type application/json.",
  },
  schema_validation_error: {
    status: 400,
    type: "ValidationError",
    help: "The payload does not fit the payload schema that is linked to its workflow or event. The message names every place; mend the payload, or commit a schema that allows it.",
  },
  workflow_missing: {
    status: 400,
    type: "ValidationError",
    help: "A trigger record has no `workflow` slug. Add it.",
  },
  workflow_disabled: {
    status: 400,
    type: "ValidationError",
    help: "The workflow exists but is disabled. Enable it, or stop triggering it.",
  },
  workflow_not_committed: {
    status: 400,
    type: "ValidationError",
    help: "The workflow has a draft but no committed version. Commit it.",
  },
  commit_refused: {
    status: 400,
    type: "ValidationError",
    help: "The draft has problems, listed in `detail`. Mend them and commit again.",
  },
  not_found: {
    status: 404,
    type: "NotFound",
    help: "Nothing of that name exists in the workspace. Check the slug or id and the workspace.",
  },
  does_not_exist: {
    status: 404,
    type: "DoesNotExist",
    help: "No template of that slug, or no such channel of it, exists in the workspace. Check both.",
  },
  not_authenticated: {
    status: 401,
    type: "Unauthorized",
    help: "The credential is missing, wrong, or signed over other bytes. `carillon keys` lists the valid ones.",
  },
  workspace_key_inactive: {
    status: 401,
    type: "Unauthorized",
    help: "The workspace key has been switched off. Use an active one.",
  },
  authentication_failed: {
    status: 401,
    type: "AuthenticationFailed",
    help: "The management API wants `Authorization: ServiceToken <token>` with a live token.",
  },
  sign_in_failed: {
    status: 401,
    type: "SignInFailed",
    help: "The e-mail address, password, code or link is wrong or too old. Whether the account exists is not said.",
  },
  second_factor_required: {
    status: 401,
    type: "SecondFactorRequired",
    help: "The account also asks for the code of its authenticator app. Send the same again with `totp`, or with a `recovery_code`.",
  },
  token_invalid: {
    status: 401,
    type: "TokenInvalid",
    help: "The token of the user is missing, expired, or not signed by a signing key of the workspace: the message says which. Clients get a new one from your server and repeat the request.",
  },
  permission_denied: {
    status: 403,
    type: "PermissionDenied",
    help: "The credential is good but not for this workspace or resource. For people, the message names the right that their role lacks.",
  },
  conflict: {
    status: 409,
    type: "Conflict",
    help: "The resource is in another state than the request assumes. Read it again and retry.",
  },
  precondition_failed: {
    status: 412,
    type: "PreconditionFailed",
    help: "Somebody else has changed the draft since the version that If-Match names: `detail.hash` is what it has now. Read it, put both changes together, and send the result with the new hash.",
  },
  payload_too_large: {
    status: 413,
    type: "PayloadTooLarge",
    help: "The body is over its limit. Split the call, or host attachments by URL.",
  },
  throttled: {
    status: 429,
    type: "Throttled",
    help: "Too many records with this credential, too many requests of one user's browsers, or too many wrong credentials from this address: the message says which. Wait for Retry-After seconds; RATE_LIMIT_PER_SECOND, CLIENT_RATE_LIMIT_PER_SECOND and WRONG_KEYS_PER_SECOND are the limits. Attempts to sign in are limited for each account and each address.",
  },
  database_unavailable: {
    status: 503,
    type: "Unavailable",
    help: "The database did not answer, or its disk is full: the message says which. Send the request again, with the same idempotency key if it had one: a commit whose answer got lost may have been made.",
  },
  vendor_unreachable: {
    status: 503,
    type: "Unavailable",
    help: "What proves a vendor's report could not be fetched from the vendor: the message says why. The vendor sends the report again.",
  },
  internal: {
    status: 500,
    type: "InternalError",
    help: "A bug on our side. The log has the request id with the cause.",
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

export interface AppErrorOptions {
  cause?: unknown;
  /** Field path to reasons, or a list of problems: the `detail` of the wire. */
  detail?: unknown;
  /** Seconds after which the request may be sent again: the header `Retry-After`. */
  retry_after?: number;
}

/** A refusal. `message` is sent on the wire unchanged. */
export class AppError extends Error {
  override name = "AppError";
  code: ErrorCode;
  detail: unknown;
  retry_after: number | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.detail = options.detail;
    this.retry_after = options.retry_after;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }
}
