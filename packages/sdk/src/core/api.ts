import { kindOf, MAX_TIMEOUT, optionsOf, segment, within } from "./check.ts";
import { CarillonError, invalidInput } from "./errors.ts";
import type { Answer, CallOptions, Query, Request, Send } from "./transport.ts";

/** What resources call: the client's transport, and the names that paths need. */
export interface Api {
  send: Send;
  /** For the paths that contain it; null for a client with an API key alone. */
  workspaceKey: string | null;
  /** Slug, for the management API. */
  workspace: string | null;
}

type Rest = Omit<Request, "method" | "path" | "signal" | "timeout">;

/** A call that is answered with JSON. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- What an endpoint replies is its caller's to say.
export async function call<Reply>(
  { send }: Api,
  method: Request["method"],
  path: string,
  options: CallOptions | undefined,
  rest: Rest = {},
): Promise<Reply> {
  return jsonOf(await send({ method, path, ...callOptions(options), ...rest }), path) as Reply;
}

/** A call whose answer has no content. */
export async function act(
  { send }: Api,
  method: Request["method"],
  path: string,
  options: CallOptions | undefined,
  rest: Rest = {},
): Promise<void> {
  await send({ method, path, ...callOptions(options), ...rest });
}

/** The same for the management API, under the client's workspace: `workflow/` is `v1/staging/workflow/`. */
export function managed(api: Api, path: string, version: "v1" | "v2" = "v1"): string {
  if (api.workspace === null) {
    throw invalidInput(
      "workspace",
      "is needed for calls of the management API: give createCarillon its slug",
    );
  }
  return `${version}/${segment("workspace", api.workspace)}/${path}`;
}

/** A path that begins with the workspace key: `trigger/` is `KEY/trigger/`. */
export function keyed({ workspaceKey }: Api, path: string): string {
  if (workspaceKey !== null) return `${segment("key", workspaceKey)}/${path}`;
  throw invalidInput(
    "key",
    "is needed for this call, whose path contains it: give createCarillon the workspace key",
  );
}

export const MANAGEMENT = { auth: "management" } as const;

/** Only what a call takes: a resource's options have more. */
export function callOptions(options: CallOptions | undefined): CallOptions {
  const { signal, timeout } = optionsOf(options);
  return {
    ...(signal === undefined ? {} : { signal: signalOf(signal) }),
    ...(timeout === undefined ? {} : { timeout: within("timeout", timeout, 1, MAX_TIMEOUT) }),
  };
}

/** A signal of any realm or library. */
function signalOf(signal: AbortSignal): AbortSignal {
  if (typeof (signal as AbortSignal | null)?.addEventListener === "function") return signal;
  throw invalidInput("signal", `must be an AbortSignal, and is ${kindOf(signal)}`);
}

/** The rest of them, which is the query. */
export function queryOf(options: (CallOptions & object) | undefined): Query {
  const { signal: _signal, timeout: _timeout, ...query } = optionsOf(options);
  return query;
}

function jsonOf({ body, status, requestId, text }: Answer, path: string): object {
  if (typeof body === "object" && body !== null) return body;
  throw new CarillonError("bad_response", `/${path} answered ${status} without JSON: ${text.slice(0, 100)}`, {
    status,
    requestId,
  });
}
