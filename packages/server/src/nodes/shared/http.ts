import { z } from "zod";
import { describeValue } from "../../core/text/describe-value.ts";
import { isJsonObject, type Json } from "../../core/json.ts";
import { nameScript } from "../../expressions/jsonnet-setting.ts";
import type { HttpCall } from "../../core/http-call.ts";
import type { NodeContext, NodeExpression } from "../../engine/node.ts";
import { expression, type Read, readJsonnet } from "./settings.ts";

/*
 * Common part of nodes that make HTTP calls: their settings, in which every variable part is Jsonnet, and the call
 * built from them. Every mistake of an author is found here and reported with its field, so that later failures are the
 * network's.
 */

/** Includes redirects. */
const TIMEOUT_MS = 5000;
const MAX_PAIRS = 100;
const MAX_URL = 8192;
const MAX_HEADER = 8192;
const JSON_TYPE = "application/json";

const pairs = z
  .array(
    z.object({
      key: z.string().describe("The name: plain, or Jsonnet."),
      value: z.string().describe("Jsonnet; text, number or boolean. Null leaves the pair out."),
    }),
  )
  .max(MAX_PAIRS, `must have at most ${MAX_PAIRS} entries`)
  .nullish();

const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+[\t\x20-\x7e]*$/;

export const httpSettings = z.object({
  url: expression.describe("Jsonnet; an address with `https://` or `http://`."),
  headers: pairs.describe("Headers of the request."),
  query_params: pairs.describe("Added to the query of the address."),
  output_key: z
    .string()
    .max(255, "must be at most 255 characters")
    .nullish()
    .transform((key) => (key === undefined || key === "" ? null : key))
    .describe("Key of the payload that takes the answer. Absent: its keys are merged at the root."),
});

export const contentType = z
  .string()
  .nullish()
  .transform((type) => (type ?? "").trim() || JSON_TYPE)
  .refine((type) => MEDIA_TYPE.test(type), "must be a media type such as application/json")
  .meta({ description: "Media type of the body.", default: JSON_TYPE });

export interface CallSettings extends z.output<typeof httpSettings> {
  http_method: HttpCall["method"];
  body?: string | null | undefined;
  body_content_type?: string;
}

/** The Jsonnet expressions of the settings, with their paths. */
export function httpExpressions({ url, headers, query_params, body }: CallSettings): NodeExpression[] {
  const sources: [path: string, source: string][] = [
    ["url", url],
    ...pairSources("headers", headers),
    ...pairSources("query_params", query_params),
    ...(isBlank(body) ? [] : [["body", body] as [string, string]]),
  ];
  return sources.map(([path, source]) => ({ path, language: "jsonnet", source }));
}

/** The call, or the first invalid setting with the reason. */
export function buildCall(ctx: NodeContext, settings: CallSettings): Read<HttpCall> {
  try {
    const headers = readPairs(ctx, "headers", settings.headers).map(checkHeader);
    const has = (wanted: string) => headers.some(([name]) => name.toLowerCase() === wanted);
    const body = readBody(ctx, settings, headers);
    // Lets a server recognise a call repeated because a process died between the response and its record.
    if (!has("idempotency-key"))
      headers.push(["Idempotency-Key", `${ctx.run.id}:${encodeURIComponent(ctx.node.ref)}`]);
    if (body !== null && !has("content-type"))
      headers.push(["Content-Type", settings.body_content_type ?? JSON_TYPE]);
    const url = readUrl(ctx, settings);
    return { ok: true, value: { method: settings.http_method, url, headers, body, timeout_ms: TIMEOUT_MS } };
  } catch (error) {
    if (error instanceof WrongSetting) return { ok: false, reason: error.message };
    throw error;
  }
}

/** Caught by `buildCall`: the first wrong setting is reported. */
class WrongSetting extends Error {}

function wrong(path: string, reason: string): never {
  throw new WrongSetting(`${path}: ${reason}`);
}

function evaluate(ctx: NodeContext, path: string, source: string): Json {
  const read = readJsonnet(ctx, path, source);
  if (!read.ok) throw new WrongSetting(read.reason);
  return read.value;
}

function readUrl(ctx: NodeContext, { url: source, query_params }: CallSettings): string {
  const value = evaluate(ctx, "url", source);
  if (typeof value !== "string") wrong("url", `must give a text, gave ${describeValue(value)}`);
  const text = value.trim();
  if (!URL.canParse(text)) wrong("url", `'${describeUrl(text)}' is not a URL`);
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:")
    wrong("url", `must begin with https:// or http://, not ${url.protocol}`);
  // Keeps the URL's own query as written.
  const added = readPairs(ctx, "query_params", query_params).map(({ name, value: member }) =>
    encode(name, member),
  );
  url.search = [url.search.slice(1), ...added].filter((part) => part !== "").join("&");
  url.hash = "";
  if (url.href.length > MAX_URL) wrong("url", `must be at most ${MAX_URL} characters`);
  return url.href;
}

const encode = (name: string, value: string) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;

/** The part before the query, without credentials. */
function describeUrl(text: string): string {
  return describeValue((text.split(/[?#]/, 1)[0] ?? "").replace(/\/\/[^/]*@/, "//***@"));
}

interface Pair {
  path: string;
  name: string;
  value: string;
}

/** Omits pairs whose value is null, and empty rows. */
function readPairs(ctx: NodeContext, list: string, rows: CallSettings["headers"]): Pair[] {
  return (rows ?? []).flatMap(({ key, value }, index): Pair[] => {
    if (isBlank(key) && isBlank(value)) return [];
    const path = `${list}.${index}`;
    const name = evaluate(ctx, `${path}.key`, nameScript(key));
    if (typeof name !== "string" || name.trim() === "")
      wrong(`${path}.key`, `must give a text, gave ${describeValue(name)}`);
    const given = evaluate(ctx, `${path}.value`, value);
    if (given === null) return [];
    if (typeof given === "object")
      wrong(`${path}.value`, `must give a text, a number or a boolean, gave ${describeValue(given)}`);
    return [{ path, name: name.trim(), value: String(given) }];
  });
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Headers that frame the message or control the connection, which an author must not set. */
const RESERVED = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

function checkHeader({ path, name, value }: Pair): [string, string] {
  if (!HEADER_NAME.test(name)) wrong(`${path}.key`, `'${describeValue(name)}' is not the name of a header`);
  if (RESERVED.has(name.toLowerCase()))
    wrong(`${path}.key`, `the header '${name}' is set by the connection and cannot be given`);
  const text = value.trim();
  if (!HEADER_VALUE.test(text))
    wrong(`${path}.value`, `the header '${name}' has characters that no header can have`);
  if (text.length > MAX_HEADER)
    wrong(`${path}.value`, `the header '${name}' must be at most ${MAX_HEADER} characters`);
  return [name, text];
}

/**
 * JSON types send the value as JSON, a form the members of an object; other types send a text unchanged, and any other
 * value as JSON.
 */
function readBody(
  ctx: NodeContext,
  { http_method, body, body_content_type = JSON_TYPE }: CallSettings,
  headers: [string, string][],
): string | null {
  if (http_method === "GET" || isBlank(body)) return null;
  const value = evaluate(ctx, "body", body);
  const type = headers.find(([name]) => name.toLowerCase() === "content-type")?.[1] ?? body_content_type;
  if (isJsonType(type)) return JSON.stringify(value);
  if (typeof value === "string") return value;
  return isFormType(type) ? readForm(value) : JSON.stringify(value);
}

const isFormType = (type: string) => /^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(type);

/** A list is its name once for each element, null is left out, and what is inside a member is JSON. */
function readForm(value: Json): string {
  if (!isJsonObject(value)) wrong("body", `must give an object or a text, gave ${describeValue(value)}`);
  const form = new URLSearchParams();
  for (const [name, member] of Object.entries(value)) {
    for (const one of Array.isArray(member) ? member : [member]) {
      if (one !== null) form.append(name, typeof one === "string" ? one : JSON.stringify(one));
    }
  }
  return form.toString();
}

const isJsonType = (type: string) => /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type);

function isBlank(source: string | null | undefined): source is null | undefined | "" {
  return source === null || source === undefined || source.trim() === "";
}

function pairSources(list: string, rows: CallSettings["headers"]): [string, string][] {
  return (rows ?? []).flatMap(({ key, value }, index): [string, string][] =>
    isBlank(key) && isBlank(value)
      ? []
      : [
          [`${list}.${index}.key`, nameScript(key)],
          [`${list}.${index}.value`, value],
        ],
  );
}
