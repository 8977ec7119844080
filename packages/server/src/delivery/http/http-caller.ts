import type { HttpCaller } from "../../core/http-call.ts";
import { HttpCallError, type HttpClient } from "./http.ts";

const MAX_REDIRECTS = 3;
const MAX_RESPONSE_BYTES = 1_048_576;

/** HTTP nodes call through the client of the vendors: the same guard, the same limits. */
export function createHttpCaller(http: HttpClient): HttpCaller {
  return async ({ method, url, headers, body, timeout_ms }) => {
    const started = performance.now();
    const took = () => Math.round(performance.now() - started);
    try {
      const { status, body: text } = await http.request({
        method,
        url,
        headers: joined(headers),
        ...(body === null ? {} : { body }),
        timeout_ms,
        max_response_bytes: MAX_RESPONSE_BYTES,
        redirects: MAX_REDIRECTS,
      });
      return { ok: true, status, body: text, took_ms: took() };
    } catch (error) {
      if (!(error instanceof HttpCallError)) throw error;
      return { ok: false, code: error.code, reason: error.message, took_ms: took() };
    }
  };
}

/** Repeated names become one header, as the protocol specifies. */
function joined(headers: [name: string, value: string][]): Record<string, string> {
  const all = new Map<string, string>();
  for (const [given, value] of headers) {
    const name = given.toLowerCase();
    const before = all.get(name);
    all.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return Object.fromEntries(all);
}
