import { RequestError } from "../failure.ts";
import type { Tokens } from "./token.ts";
import type { InboxOptions } from "../types.ts";

/** No answer by then is no answer. */
const TIMEOUT = 20_000;

export interface Call {
  method?: "GET" | "POST" | "PATCH";
  /** What is empty is left out; objects are sent as JSON. */
  query?: Record<string, string | number | boolean | object | null | undefined>;
  body?: unknown;
  signal?: AbortSignal | undefined;
}

export interface Rest {
  /** The JSON of a good answer. Throws a RequestError. */
  call: <T>(path: string, call?: Call) => Promise<T>;
  /** The answer itself, whose body is still to come. Throws a RequestError. */
  open: (path: string, call?: Call) => Promise<Response>;
}

export function createRest({ host, publicKey, fetch: ask }: InboxOptions, tokens: Tokens): Rest {
  const origin = host.replace(/\/+$/, "");

  /** A token that is refused is replaced once. */
  async function send(path: string, call: Call, isAgain = false): Promise<Response> {
    const token = await tokens.get();
    const { method = "GET", query = {}, body, signal } = call;
    const params = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value === undefined || value === null || value === "") continue;
      params.set(name, typeof value === "object" ? JSON.stringify(value) : String(value));
    }
    let response: Response;
    try {
      response = await (ask ?? fetch)(`${origin}${path}?${params.toString()}`, {
        method,
        headers: {
          authorization: publicKey,
          "content-type": "application/json",
          ...(token === undefined ? {} : { "x-ss-signature": token }),
        },
        // What the user did is sent even if the page is closed at that moment.
        ...(method === "GET" ? {} : { body: JSON.stringify(body ?? {}), keepalive: true }),
        ...(signal === undefined ? {} : { signal }),
        cache: "no-store",
        credentials: "omit",
      });
    } catch (error) {
      throw new RequestError("network", "the server cannot be reached", 0, 0, error);
    }
    if (response.ok) return response;
    if (response.status === 401 && !isAgain && tokens.refuse(token)) {
      await response.body?.cancel();
      return send(path, call, true);
    }
    throw await refusalOf(response);
  }

  return {
    open: (path, call = {}) => send(path, call),
    async call<T>(path: string, call: Call = {}) {
      const timeout = AbortSignal.timeout(TIMEOUT);
      const signal = call.signal === undefined ? timeout : AbortSignal.any([call.signal, timeout]);
      const response = await send(path, { ...call, signal });
      try {
        return (await response.json()) as T;
      } catch (error) {
        throw new RequestError("network", "the answer cannot be read", 0, 0, error);
      }
    },
  };
}

interface ErrorBody {
  error?: { type?: string; message?: string };
  message?: string;
}

async function refusalOf(response: Response): Promise<RequestError> {
  const body = (await response.json().catch(() => ({}))) as ErrorBody | null;
  const { type, message } = body?.error ?? {};
  return new RequestError(
    type ?? `http_${response.status}`,
    message ?? body?.message ?? `the server answered ${response.status}`,
    response.status,
    Number(response.headers.get("retry-after") ?? 0) * 1000 || 0,
  );
}
