/**
 * Cross-origin requests, which every call of a browser to the client surface is. Any origin may ask: clients send no cookies,
 * so the key and the token in their headers are all that counts. Which origins a public key may be used from is decided
 * by the request itself, since a preflight names no key (client-protocols.md §2.3).
 */

const REQUEST_HEADERS = [
  "Authorization",
  "Content-Type",
  "x-ss-signature",
  "X-Suprsend-Client-User-Agent",
  "X-Suprsend-User-Agent",
  "x-amz-date",
  "ss-referer",
  "ss-after",
  "ss-before",
  // Of our own clients: where a stream of events continues.
  "Last-Event-ID",
];

/** On every answer, refusals too: without them a browser shows its script neither status nor text. */
export const CORS_HEADERS = {
  "access-control-allow-origin": "*",
  "access-control-expose-headers": "Retry-After, RateLimit, RateLimit-Policy, X-Request-Id",
};

/** On the answer to a preflight. Browsers keep it for two hours to a day. */
export const PREFLIGHT_HEADERS = {
  ...CORS_HEADERS,
  "access-control-allow-methods": "GET, POST, PATCH, OPTIONS",
  "access-control-allow-headers": REQUEST_HEADERS.join(", "),
  "access-control-max-age": "86400",
};

/**
 * Whether a page may use a key: `domains` as the key has them, null for any. A request without `Origin` comes from no
 * page, and a list of domains cannot hold it.
 */
export function isAllowedOrigin(origin: string, domains: readonly string[] | null): boolean {
  if (domains === null || origin === "") return true;
  if (!URL.canParse(origin)) return false;
  const { host, hostname } = new URL(origin);
  return domains.some((domain) =>
    domain.startsWith("*.") ? hostname.endsWith(domain.slice(1)) : domain === host || domain === hostname,
  );
}
