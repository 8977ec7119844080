import type { HttpClient } from "../../../delivery/http/http.ts";
import {
  exchange,
  lookUp,
  refusalOf,
  textAt,
  type VendorCall,
  type VendorReply,
} from "../../../delivery/vendor/call.ts";
import { classOfStatus } from "../../../delivery/vendor/failure.ts";
import type { Ambiguous, Failed } from "../../../delivery/vendor/vendor.ts";
import { orAborted } from "./or-aborted.ts";

/**
 * Calls with an access token of OAuth 2.0 (https://www.rfc-editor.org/rfc/rfc6749#section-5). The token is fetched when
 * it is first needed, once for all messages that wait for it, and kept until five minutes before it expires. A token
 * that could not be had is never ambiguous: nothing of the message has left.
 */
export interface OAuth {
  /** Makes a call with the token; a call that is refused with 401 is made once more, with a new one. */
  exchange: (call: VendorCall, signal: AbortSignal) => Promise<VendorReply | Failed | Ambiguous>;
  /** Fetches a token: null, or why there is none. */
  refusal: (signal: AbortSignal) => Promise<Failed | null>;
}

export interface OAuthOptions {
  http: HttpClient;
  now: () => number;
  /** The request for a token. */
  grant: () => VendorCall | Promise<VendorCall>;
  /** Values that must not show in an error's text. */
  secrets: readonly string[];
}

const EARLY_SECONDS = 300;
const LOGIN_TIMEOUT_MS = 10_000;
/** Both vendors' tokens live for an hour; assumed where a reply does not say. */
const DEFAULT_SECONDS = 3600;

export function createOAuth({ http, now, grant, secrets }: OAuthOptions): OAuth {
  let held: { token: string; until: number } | null = null;
  let asking: Promise<string | Failed> | null = null;

  async function ask(): Promise<string | Failed> {
    const call = { timeout_ms: LOGIN_TIMEOUT_MS, ...(await grant()) };
    const reply = await lookUp(http, call, AbortSignal.timeout(LOGIN_TIMEOUT_MS));
    if ("kind" in reply) return reply;
    const token = textAt(reply.json, "access_token");
    if (reply.status !== 200 || token === "") return refusalOf(reply, loginRefused(reply), secrets);
    const seconds = Number(textAt(reply.json, "expires_in")) || DEFAULT_SECONDS;
    held = { token, until: now() + Math.max(seconds - EARLY_SECONDS, seconds / 2) * 1000 };
    return token;
  }

  async function tokenFor(signal: AbortSignal): Promise<string | Failed> {
    if (held !== null && now() < held.until) return held.token;
    asking ??= ask().finally(() => (asking = null));
    return orAborted(asking, signal);
  }

  async function attempt(
    call: VendorCall,
    signal: AbortSignal,
    isLast: boolean,
  ): ReturnType<typeof exchange> {
    const token = await tokenFor(signal);
    if (typeof token !== "string") return token;
    const headers = { ...call.headers, authorization: `Bearer ${token}` };
    const reply = await exchange(http, { ...call, headers }, signal);
    if ("kind" in reply || reply.status !== 401 || isLast) return reply;
    if (held?.token === token) held = null;
    return attempt(call, signal, true);
  }

  return {
    exchange: (call, signal) => attempt(call, signal, false),
    async refusal(signal) {
      const token = await tokenFor(signal);
      return typeof token === "string" ? null : token;
    },
  };
}

/** https://www.rfc-editor.org/rfc/rfc6749#section-5.2: what is refused with 4xx are the credentials. */
function loginRefused({ status, json }: VendorReply) {
  const kind = classOfStatus(status);
  return {
    class: kind === "message" ? "config" : kind,
    code: textAt(json, "error"),
    message: textAt(json, "error_description") || textAt(json, "error"),
  } as const;
}
