import type { Routes } from "./routes.gen.ts";

/**
 * The public API, typed by its routes. The dashboard has no other way to the server: what a page needs is an endpoint
 * first, and what a page does can be copied as the request that it was.
 */
export type Route = keyof Routes;

/** Names in the path besides the workspace, which every call has. */
type PathNames<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | PathNames<`/${Rest}`>
  : never;

type Params<R extends Route> = Exclude<PathNames<R>, "workspace">;

export type CallOf<R extends Route> = {
  query?: Routes[R]["query"];
  body?: Routes[R]["body"] | undefined;
  signal?: AbortSignal;
} & ([Params<R>] extends [never] ? { params?: undefined } : { params: Record<Params<R>, string> });

export type ReplyOf<R extends Route> = Routes[R]["reply"];

/** Who calls: a service token, or null for the session of the browser. */
export interface Access {
  token: string | null;
  workspace: string;
}

/** A refusal, with the server's words and the id under which its log has the request. */
export class ApiError extends Error {
  status: number;
  code: string;
  requestId: string | null;

  constructor(
    message: string,
    { status, code, requestId }: { status: number; code: string; requestId: string | null },
  ) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.requestId = requestId;
  }
}

interface WireRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: unknown;
}

export type LooseCall = {
  params?: Record<string, string> | undefined;
  query?: object | undefined;
  body?: unknown;
};

/** The request that a call is, for sending it and for showing it. */
export function requestOf(route: Route, access: Access, call: LooseCall): WireRequest {
  const [method = "GET", pattern = ""] = route.split(" ");
  const names = { ...call.params, workspace: access.workspace };
  const path = pattern.replaceAll(/:(\w+)/g, (_, name: string) => {
    const value = (names as Record<string, string | undefined>)[name];
    if (value === undefined || value === "") throw new Error(`${route} was called without ${name}`);
    return encodeURIComponent(value);
  });
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(call.query ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== "") query.append(name, String(one));
    }
  }
  const search = query.size === 0 ? "" : `?${query.toString()}`;
  const names_workspace = pattern.includes(":workspace/") || pattern === "/v1/workspace/";
  return {
    method,
    path: path + search,
    headers: {
      ...(access.token === null ? {} : { authorization: `ServiceToken ${access.token}` }),
      ...(names_workspace ? {} : { "carillon-workspace": access.workspace }),
      ...(call.body === undefined ? {} : { "content-type": "application/json" }),
    },
    body: call.body,
  };
}

/** Calls the API. Throws an `ApiError` for everything that is not a success. */
export async function callApi<R extends Route>(
  route: R,
  access: Access,
  call: CallOf<R>,
): Promise<ReplyOf<R>> {
  const { method, path, headers, body } = requestOf(route, access, call);
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      credentials: "same-origin",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    });
  } catch (error) {
    if (call.signal?.aborted === true) throw error;
    throw new ApiError("The server cannot be reached.", { status: 0, code: "offline", requestId: null });
  }
  const text = await response.text();
  const reply = parseJson(text);
  if (response.ok) return reply as ReplyOf<R>;
  throw refusal(response, reply, text);
}

function refusal(response: Response, reply: unknown, text: string): ApiError {
  const fields = (typeof reply === "object" && reply !== null ? reply : {}) as Record<string, unknown>;
  const nested = (typeof fields.error === "object" && fields.error !== null ? fields.error : {}) as Record<
    string,
    unknown
  >;
  const message =
    [fields.message, nested.message, text.slice(0, 200)].find(
      (words): words is string => typeof words === "string" && words !== "",
    ) ?? `The server answered ${response.status}.`;
  return new ApiError(message, {
    status: response.status,
    code:
      [fields.error_code, nested.type].find((code) => typeof code === "string") ?? String(response.status),
    requestId: response.headers.get("x-request-id"),
  });
}

function parseJson(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
