import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/**
 * The HMAC of the server SDKs: base64(HMAC-SHA256(secret, METHOD \n md5hex(body) \n Content-Type \n Date \n target)).
 * The body is the received bytes, the header strings are verbatim (some clients send an ISO-8601 `Date`), and the md5
 * is the empty string when there is no body.
 */
export interface SignedRequest {
  method: string;
  /** Path and query as the client sent them, including a proxy's prefix. */
  target: string;
  content_type: string;
  date: string;
  body: Buffer | null;
}

export function sign(secret: string, request: SignedRequest): string {
  return signTarget(secret, request, bodyDigest(request.body), request.target);
}

/**
 * Compares in constant time. Node and Python sign the wire path; Go signs its decoded form, which counts where it is the
 * form of this path and of no other.
 */
export function verifySignature(secret: string, signature: string, request: SignedRequest): boolean {
  const digest = bodyDigest(request.body);
  if (isSame(signature, signTarget(secret, request, digest, request.target))) return true;
  const decoded = decodedTarget(request.target);
  return decoded !== null && isSame(signature, signTarget(secret, request, digest, decoded));
}

/**
 * Whether a Date header names a time within so many minutes of now. Clients write RFC 1123 and ISO 8601; old browsers
 * the compact ISO form of `x-amz-date`.
 */
export function isNear(date: string, now: number, minutes: number): boolean {
  const compact = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date);
  const [, year, month, day, hour, minute, second] = compact ?? [];
  const text = compact === null ? date : `${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
  const at = Date.parse(text);
  return Math.abs(at - now) <= minutes * 60_000;
}

function signTarget(secret: string, request: SignedRequest, digest: string, target: string): string {
  const text = `${request.method}\n${digest}\n${request.content_type}\n${request.date}\n${target}`;
  return createHmac("sha256", secret).update(text).digest("base64");
}

function bodyDigest(body: Buffer | null): string {
  return body === null || body.length === 0 ? "" : createHash("md5").update(body).digest("hex");
}

/**
 * The target as the Go SDK signs it: `url.Path` decoded, and the query re-encoded with its keys sorted. Null: same as
 * the wire, or ambiguous. The decoded form of an id with a slash is also that of a longer path, and one who has the
 * signature of one could send the other; the same goes for what starts a query, a fragment or an encoded character.
 */
function decodedTarget(target: string): string | null {
  const [path = "", ...rest] = target.split("?");
  const query = rest.join("?");
  let segments: string[];
  try {
    segments = path.split("/").map(decodeURIComponent);
    decodeURIComponent(query);
  } catch {
    return null;
  }
  if (segments.some((segment) => /[/?#%]/.test(segment))) return null;
  const decodedPath = segments.join("/");
  const sorted = [...new URLSearchParams(query)].sort(([left], [right]) => compareBytes(left, right));
  const encoded = sorted.map(([key, value]) => `${goEscape(key)}=${goEscape(value)}`).join("&");
  const candidate = encoded === "" ? decodedPath : `${decodedPath}?${encoded}`;
  return candidate === target ? null : candidate;
}

function compareBytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

/** Go's url.QueryEscape: like encodeURIComponent, but a space is `+` and `!'()*` are escaped too. */
function goEscape(text: string): string {
  return encodeURIComponent(text)
    .replaceAll("%20", "+")
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function isSame(given: string, expected: string): boolean {
  const left = Buffer.from(given);
  const right = Buffer.from(expected);
  return left.length === right.length && timingSafeEqual(left, right);
}
