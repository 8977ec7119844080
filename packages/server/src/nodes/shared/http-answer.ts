import { unescapeOrNull } from "../../core/text/text.ts";
import { parseJson } from "../../core/json/parse-json.ts";
import { cut, storable } from "../../core/text/text.ts";
import { findUnsafe } from "../../core/json/json-guard.ts";
import { isJsonObject, type Json, type JsonObject } from "../../core/json.ts";
import type { HttpCall, HttpReply } from "../../core/http-call.ts";
import type { CallRecord, NodeContext } from "../../engine/node.ts";

/*
 * Handling of the response to a node's call: it is checked, merged into the payload, and logged without the credentials
 * of the call.
 */

const GOOD = new Set([200, 201, 204]);

/** Merges a successful response into the payload; returns the text of the failure otherwise. */
export function takeReply(ctx: NodeContext, reply: HttpReply, output_key: string | null): string | null {
  const read = readReply(reply);
  if (!read.ok) return read.reason;
  const { value, status } = read;
  const facts: JsonObject = { status, took_ms: reply.took_ms };
  if (value === undefined) {
    ctx.log("info", "node_completed", `answered with status ${status}, without a body`, facts);
  } else if (output_key !== null) {
    ctx.merge({ [output_key]: value });
    ctx.log("info", "node_completed", `answered with status ${status}`, { ...facts, output_key });
  } else if (isJsonObject(value)) {
    ctx.merge(value);
    ctx.log("info", "node_completed", `answered with status ${status}`, {
      ...facts,
      keys: Object.keys(value).length,
    });
  } else {
    ctx.log("warning", "node_completed", "the answer is no JSON object: nothing of it is merged", {
      code: "answer_not_merged",
      ...facts,
    });
  }
  return null;
}

type Read = { ok: true; status: number; value: Json | undefined } | { ok: false; reason: string };

function readReply(reply: HttpReply): Read {
  if (!reply.ok) return { ok: false, reason: reply.reason };
  const { status } = reply;
  if (!GOOD.has(status))
    return { ok: false, reason: `answered with status ${status}, expected 200, 201 or 204` };
  const text = reply.body.replace(/^\ufeff/, "").trim();
  if (status === 204 || text === "") return { ok: true, status, value: undefined };
  let value: Json;
  try {
    value = parseJson(text);
  } catch {
    return { ok: false, reason: `answered with status ${status}, but the body is not JSON` };
  }
  const unsafe = findUnsafe(value);
  return unsafe === null
    ? { ok: true, status, value }
    : { ok: false, reason: `the answer cannot be stored: ${unsafe}` };
}

/** The call and its reply as shown in the message log. */
export function recordOf(call: HttpCall | null, reply: HttpReply, failure: string | null): CallRecord {
  return { request: call === null ? {} : describeCall(call), response: describeReply(reply), failure };
}

const MAX_BODY = 10_000;

function describeCall({ method, url, headers, body }: HttpCall): JsonObject {
  return {
    method,
    url: withoutSecrets(url),
    headers: Object.fromEntries(
      headers.map(([name, value]) => [name, isSecret(name) ? MASK : storable(value)]),
    ),
    ...describeBody(body),
  };
}

function describeReply(reply: HttpReply): JsonObject {
  const { took_ms } = reply;
  return reply.ok
    ? { status: reply.status, took_ms, ...describeBody(reply.body) }
    : { status: null, took_ms, error: reply.code };
}

function describeBody(body: string | null): JsonObject {
  if (body === null) return { body: null };
  return body.length > MAX_BODY
    ? { body: storable(cut(body, MAX_BODY)), body_truncated: true }
    : { body: storable(body) };
}

const MASK = "***";
const SECRET_WORDS =
  /auth|bearer|cookie|credential|key|pass(?:code|phrase|w(?:or)?d)|secret|session|sig(?:nature)?$|signature|token/i;

/** Whether a header or parameter is secret, by its name. Errs on the side of hiding too much. */
function isSecret(name: string): boolean {
  return SECRET_WORDS.test(name) && name.toLowerCase() !== "idempotency-key";
}

function withoutSecrets(href: string): string {
  const url = new URL(href);
  if (url.username !== "" || url.password !== "") [url.username, url.password] = [MASK, ""];
  const query = url.search
    .slice(1)
    .split("&")
    .map((pair) => {
      const name = pair.split("=", 1)[0] ?? "";
      return isSecret(unescapeOrNull(name) ?? name) && pair !== name ? `${name}=${MASK}` : pair;
    });
  url.search = "";
  const text = query.join("&");
  return text === "" ? url.href : `${url.href}?${text}`;
}
