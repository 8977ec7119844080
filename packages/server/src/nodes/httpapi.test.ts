import { describe, expect, it } from "vitest";
import { createBench, refusals } from "../../test/node-context.ts";
import type { Json, JsonObject } from "../core/json.ts";
import type { HttpCall, HttpReply } from "../core/http-call.ts";
import type { NodeDefinition } from "../engine/node.ts";
import fetchNode from "./httpapi-fetch.ts";
import webhookNode from "./httpapi-webhook.ts";

/*
 * The calls built from settings, and how responses are used. That calls are made, and repeated, is tested in
 * engine/call.test.ts.
 */
const fetching = fetchNode as unknown as NodeDefinition;
const webhook = webhookNode as unknown as NodeDefinition;

const DATA: JsonObject = {
  id: "7 ä",
  count: 3,
  nothing: null,
  path: "/orders",
  token: "t-1",
  $recipient: { distinct_id: "ann" },
};
const url = '"https://api.example.com/a"';

function built(node: NodeDefinition, properties: JsonObject): HttpCall {
  const outcome = createBench(DATA).run(node, properties);
  if (outcome.kind !== "call") throw new Error(JSON.stringify(outcome));
  return outcome.call;
}

const post = (more: JsonObject = {}) => built(webhook, { http_method: "POST", url, ...more });
const headerOf = (call: HttpCall, wanted: string) =>
  call.headers.find(([name]) => name.toLowerCase() === wanted)?.[1];

describe("the call of an HTTP node", () => {
  it("has the same key whenever the same node of the same run makes it", () => {
    expect(built(fetching, { url })).toEqual({
      method: "GET",
      url: "https://api.example.com/a",
      headers: [["Idempotency-Key", "RUN:node_1"]],
      body: null,
      timeout_ms: 5000,
    });
  });

  it("keeps a key given by its author", () => {
    const { headers } = post({ headers: [{ key: '"idempotency-key"', value: "data.id[0:1] + data.count" }] });
    expect(headers).toEqual([["idempotency-key", "73"]]);
  });

  it.each([
    ["a script", '"https://h.example" + data.path', "https://h.example/orders"],
    ["a script with doubled braces", '"https://h.example" + {{data.path}}', "https://h.example/orders"],
    ["a bare URL", "https://h.example/x?a=1", "https://h.example/x?a=1"],
    ["Unicode and spaces", '"https://h.example/" + data.id', "https://h.example/7%20%C3%A4"],
    ["credentials and a fragment", '"https://u:p@h.example/#top"', "https://u:p@h.example/"],
    ["an international host", '"https://bücher.example/"', "https://xn--bcher-kva.example/"],
    ["a person of the run", '"http://h.example/" + data["$recipient"].distinct_id', "http://h.example/ann"],
  ])("goes to %s", (_title, source, expected) => {
    expect(built(fetching, { url: source }).url).toBe(expected);
  });

  it("adds parameters to the URL's query, and omits those that are null", () => {
    const query_params = [
      { key: '"q"', value: "data.id" },
      { key: '"n"', value: "data.count" },
      { key: '"gone"', value: "data.nothing" },
      { key: '"q"', value: "true" },
      { key: "", value: "" },
    ];
    expect(built(fetching, { url: '"https://h.example/?x=%20y&z"', query_params }).url).toBe(
      "https://h.example/?x=%20y&z&q=7%20%C3%A4&n=3&q=true",
    );
  });

  it("accepts plain names of headers and parameters, as in the samples", () => {
    const call = built(fetching, {
      url,
      headers: [{ key: "tenant", value: '"t"' }],
      query_params: [
        { key: "id", value: "data.count" },
        { key: " filter[name] ", value: 'data["$recipient"].distinct_id' },
        { key: "data.path", value: "1" },
      ],
    });
    expect(call.url).toBe("https://api.example.com/a?id=3&filter%5Bname%5D=ann&%2Forders=1");
    expect(headerOf(call, "tenant")).toBe("t");
  });

  it("refuses plain names as values: an unknown variable is not a text", () => {
    expect(createBench(DATA).run(fetching, { url, query_params: [{ key: "q", value: "id" }] })).toMatchObject(
      {
        kind: "fail",
        message: expect.stringContaining("query_params.0.value: unknown variable: id") as string,
      },
    );
  });

  it.each<[string, JsonObject, string | null, string | undefined]>([
    ["a map", { body: "{ id: data.count }" }, '{"id":3}', "application/json"],
    ["a text, as JSON", { body: '"hi"' }, '"hi"', "application/json"],
    ["null, as JSON", { body: "null" }, "null", "application/json"],
    ["nothing", { body: "  " }, null, undefined],
    [
      "a text of another type",
      { body: '"a=1&b=" + data.count', body_content_type: "text/plain" },
      "a=1&b=3",
      "text/plain",
    ],
    ["a map of another type", { body: "{ a: 1 }", body_content_type: "text/plain" }, '{"a":1}', "text/plain"],
    [
      "a form",
      {
        body: '{ to: "+1 415", "a&b": data.count, tags: ["x", "y"], deep: { c: [true] }, gone: null, on: false }',
        body_content_type: "application/x-www-form-urlencoded",
      },
      "a%26b=3&deep=%7B%22c%22%3A%5Btrue%5D%7D&on=false&tags=x&tags=y&to=%2B1+415",
      "application/x-www-form-urlencoded",
    ],
    [
      "a form that is written out",
      { body: '"a=1&b=" + data.count', body_content_type: "application/x-www-form-urlencoded" },
      "a=1&b=3",
      "application/x-www-form-urlencoded",
    ],
    [
      "a form, by the type of a header",
      {
        body: "{ a: 1 }",
        headers: [{ key: "content-type", value: '"Application/X-WWW-Form-Urlencoded; charset=utf-8"' }],
      },
      "a=1",
      "Application/X-WWW-Form-Urlencoded; charset=utf-8",
    ],
    [
      "another JSON type",
      { body: '"x"', body_content_type: "application/vnd.api+json; charset=utf-8" },
      '"x"',
      "application/vnd.api+json; charset=utf-8",
    ],
    [
      "the type from a header",
      { body: '"<a/>"', headers: [{ key: "Content-Type", value: '"text/xml"' }] },
      "<a/>",
      "text/xml",
    ],
  ])("has a body of %s", (_title, properties, body, type) => {
    const call = post(properties);
    expect([call.body, headerOf(call, "content-type")]).toEqual([body, type]);
  });

  it("has no form of what has no names", () => {
    const bench = createBench(DATA);
    const form = { body: "[1]", body_content_type: "application/x-www-form-urlencoded" };
    bench.run(webhook, { http_method: "POST", url, ...form });
    expect(bench.logged).toMatchObject([{ message: "body: must give an object or a text, gave [1]" }]);
  });

  it("has no body when it is a GET, whatever its settings", () => {
    const call = built(webhook, { http_method: "GET", url, body: "error 'not evaluated'" });
    expect([call.method, call.body, headerOf(call, "content-type")]).toEqual(["GET", null, undefined]);
  });

  it.each<[JsonObject, RegExp]>([
    [{ url: "data.nope" }, /^url: .*nope/],
    [{ url: "[" }, /^url: /],
    [{ url: "data.count" }, /^url: must give a text, gave 3$/],
    [{ url: '"api.example.com/x?token=abc"' }, /^url: 'api\.example\.com\/x' is not a URL$/],
    [{ url: '"https://u:pass word@[x]/y"' }, /^url: 'https:\/\/\*\*\*@\[x\]\/y' is not a URL$/],
    [{ url: '"file:///etc/passwd"' }, /^url: must begin with https:\/\/ or http:\/\/, not file:$/],
    [{ url: '"javascript:alert(1)"' }, /^url: must begin with/],
    [{ url: `"https://h/${"x".repeat(9000)}"` }, /^url: must be at most 8192 characters$/],
    [
      { url, headers: [{ key: '"a b"', value: '"x"' }] },
      /^headers\.0\.key: 'a b' is not the name of a header$/,
    ],
    [{ url, headers: [{ key: '"x\\r\\ny"', value: '"x"' }] }, /^headers\.0\.key: /],
    [{ url, headers: [{ key: '"a"', value: '"x\\r\\nHost: evil"' }] }, /^headers\.0\.value: .*characters/],
    [{ url, headers: [{ key: '"a"', value: '"🛎"' }] }, /^headers\.0\.value: .*characters/],
    [
      { url, headers: [{ key: '"a"', value: "{}" }] },
      /^headers\.0\.value: must give a text, a number or a boolean/,
    ],
    [
      { url, headers: [{ key: '"a"', value: `"${"x".repeat(9000)}"` }] },
      /^headers\.0\.value: .*at most 8192/,
    ],
    [{ url, headers: [{ key: '""', value: '"x"' }] }, /^headers\.0\.key: must give a text/],
    [{ url, headers: [{ key: "Host", value: '"evil"' }] }, /^headers\.0\.key: the header 'Host' is set by/],
    [{ url, headers: [{ key: '"Transfer-Encoding"', value: '"x"' }] }, /^headers\.0\.key: /],
    [
      {
        url,
        query_params: [
          { key: '"a"', value: '"x"' },
          { key: '"b"', value: "data.nope" },
        ],
      },
      /^query_params\.1\.value: .*nope/,
    ],
    [{ url, body: "{ a: data.nope }" }, /^body: .*nope/],
  ])("is not made with %j: the error names the field", (properties, message) => {
    const bench = createBench(DATA);
    expect(bench.run(webhook, { http_method: "POST", ...properties })).toEqual({ kind: "next" });
    expect(bench.logged).toEqual([
      {
        severity: "error",
        message: expect.stringMatching(message),
        properties: { code: "http_node_failed" },
      },
    ]);
    expect(bench.recorded).toEqual([
      { request: { method: "POST" }, response: {}, failure: bench.logged[0]?.message },
    ]);
  });

  it("ends the run when it is a fetch that cannot be made", () => {
    expect(createBench().run(fetching, { url: "data.nope" })).toMatchObject({
      kind: "fail",
      code: "http_node_failed",
      message: expect.stringContaining("url: "),
    });
  });

  it("accepts JavaScript property names like all others", () => {
    const headers = ["__proto__", "constructor"].map((key) => ({ key: `"${key}"`, value: '"x"' }));
    expect(post({ headers }).headers.slice(0, 2)).toEqual([
      ["__proto__", "x"],
      ["constructor", "x"],
    ]);
  });
});

describe("the settings of an HTTP node", () => {
  it.each<[NodeDefinition, JsonObject, string[]]>([
    [fetching, { url, http_method: "GET", body: null, output_key: null, headers: null }, []],
    [fetching, { url, http_method: "POST" }, ["http_method: must be GET"]],
    [fetching, { url, body: "{}" }, ["body: must be null: a fetch sends no body"]],
    [fetching, {}, ["url: must be an expression"]],
    [fetching, { url: "" }, ["url: must not be empty"]],
    [webhook, { url }, ["http_method: must be one of GET, PUT, POST, PATCH, DELETE"]],
    [webhook, { url, http_method: "post" }, ["http_method: must be one of GET, PUT, POST, PATCH, DELETE"]],
    [
      webhook,
      { url, http_method: "POST", body_content_type: "json" },
      ["body_content_type: must be a media type such as application/json"],
    ],
    [
      webhook,
      { url, http_method: "POST", body_content_type: "text/plain\r\nX: 1" },
      ["body_content_type: must be a media type such as application/json"],
    ],
    [
      webhook,
      { url, http_method: "POST", headers: Array.from({ length: 101 }, () => ({ key: "a", value: "b" })) },
      ["headers: must have at most 100 entries"],
    ],
  ])("%# are checked", (node, properties, expected) => {
    expect(refusals(node, properties)).toEqual(expected);
  });

  it("list their expressions", () => {
    const properties = webhook.config.parse({
      http_method: "POST",
      url,
      headers: [
        { key: "", value: "" },
        { key: '"a"', value: "data.b" },
      ],
      query_params: [{ key: '"q"', value: "1" }],
      body: "{}",
    });
    expect(webhook.expressions?.(properties).map(({ path, language }) => `${path} ${language}`)).toEqual([
      "url jsonnet",
      "headers.1.key jsonnet",
      "headers.1.value jsonnet",
      "query_params.0.key jsonnet",
      "query_params.0.value jsonnet",
      "body jsonnet",
    ]);
  });
});

const answered = (status: number, body: string): HttpReply => ({ ok: true, status, body, took_ms: 3 });

describe("the response to an HTTP node", () => {
  const before: JsonObject = { user: { name: "Ann", plan: "pro" }, kept: 1 };

  it.each<[string, number, string, string | null, JsonObject]>([
    [
      "replaces whole keys at the root",
      200,
      '{"user":{"name":"Bob"}}',
      null,
      { user: { name: "Bob" }, kept: 1 },
    ],
    ["is stored under the output key", 201, '{"user":1}', "got", { ...before, got: { user: 1 } }],
    ["replaces the value of the output key", 200, "[1]", "user", { user: [1], kept: 1 }],
    ["may be any JSON under the output key", 200, "null", "got", { ...before, got: null }],
    ["may be empty", 200, " \n", "got", before],
    ["may have no content", 204, "", null, before],
    ["is not read when the status allows no body", 204, "x", null, before],
    ["may begin with a byte order mark", 200, '\ufeff{"a":1}', null, { ...before, a: 1 }],
    ["treats an empty output key as none", 200, '{"a":1}', "", { ...before, a: 1 }],
  ])("%s", (_title, status, body, output_key, expected) => {
    const bench = createBench(before);
    expect(bench.answer(fetching, { url, output_key }, answered(status, body))).toEqual({ kind: "next" });
    expect(bench.data()).toEqual(expected);
    expect(bench.logged).toMatchObject([{ severity: "info" }]);
  });

  it.each(["[1,2]", '"text"', "7", "null"])("%s is not merged at the root: a warning", (body) => {
    const bench = createBench(before);
    expect(bench.answer(fetching, { url }, answered(200, body))).toEqual({ kind: "next" });
    expect(bench.data()).toEqual(before);
    expect(bench.logged).toMatchObject([{ severity: "warning" }]);
  });

  it("cannot reach a prototype, neither by its content nor by the output key", () => {
    const bench = createBench({});
    bench.answer(fetching, { url }, answered(200, '{"__proto__":{"admin":true},"constructor":1}'));
    bench.answer(fetching, { url, output_key: "__proto__" }, answered(200, '{"admin":true}'));
    expect(Object.getPrototypeOf(bench.data())).toBe(Object.prototype);
    expect(Object.entries(bench.data())).toEqual([
      ["__proto__", { admin: true }],
      ["constructor", 1],
    ]);
    expect((bench.data() as { admin?: Json }).admin).toBeUndefined();
  });

  const failures: [HttpReply, RegExp][] = [
    [answered(404, '{"a":1}'), /^answered with status 404, expected 200, 201 or 204$/],
    [answered(202, "{}"), /status 202/],
    [answered(302, ""), /status 302/],
    [answered(500, ""), /status 500/],
    [answered(200, "<html>"), /not JSON/],
    [answered(200, "{}}"), /not JSON/],
    [
      answered(200, '{"a":"\\u0000"}'),
      /^the answer cannot be stored: a: must not contain the null character$/,
    ],
    [answered(200, '{"a":["\\ud800"]}'), /^the answer cannot be stored: a\.0: must be valid Unicode/],
    [answered(200, "[".repeat(50_000) + "]".repeat(50_000)), /nested deeper/],
    [
      { ok: false, code: "timeout", reason: "GET https://h: no answer in time", took_ms: 5000 },
      /no answer in time/,
    ],
  ];

  it.each(failures)("failure %# ends the run of a fetch", (reply, message) => {
    const bench = createBench(before);
    expect(bench.answer(fetching, { url, output_key: "got" }, reply)).toEqual({
      kind: "fail",
      code: "http_node_failed",
      message: expect.stringMatching(message),
    });
    expect(bench.data()).toEqual(before);
  });

  it.each(failures)("failure %# is an error of a webhook, whose run continues", (reply, message) => {
    const bench = createBench(before);
    expect(bench.answer(webhook, { url, http_method: "POST" }, reply)).toEqual({ kind: "next" });
    expect(bench.data()).toEqual(before);
    expect(bench.logged).toEqual([
      {
        severity: "error",
        message: expect.stringMatching(message),
        properties: { code: "http_node_failed" },
      },
    ]);
    expect(bench.recorded).toMatchObject([{ failure: expect.stringMatching(message) }]);
  });
});

describe("the record of a webhook", () => {
  function record(call: Partial<HttpCall>, reply: HttpReply) {
    const bench = createBench();
    const whole: HttpCall = {
      method: "POST",
      url: "https://h.example/",
      headers: [],
      body: null,
      timeout_ms: 1,
      ...call,
    };
    bench.answer(webhook, { url, http_method: "POST" }, reply, whole);
    return bench.recorded[0];
  }

  it("has the request and the response", () => {
    expect(record({ headers: [["X-A", "1"]], body: '{"a":1}' }, answered(200, '{"ok":true}'))).toEqual({
      request: { method: "POST", url: "https://h.example/", headers: { "X-A": "1" }, body: '{"a":1}' },
      response: { status: 200, took_ms: 3, body: '{"ok":true}' },
      failure: null,
    });
  });

  it("has the code of a failure when there was no response", () => {
    const reply: HttpReply = { ok: false, code: "timeout", reason: "no answer in time", took_ms: 5000 };
    expect(record({}, reply)).toMatchObject({
      response: { status: null, took_ms: 5000, error: "timeout" },
      failure: "no answer in time",
    });
  });

  it.each([
    "Authorization",
    "proxy-authorization",
    "Cookie",
    "X-Api-Key",
    "apikey",
    "X-Auth",
    "X-Access-Token",
    "X-Hub-Signature",
    "Client-Secret",
    "x-password",
  ])("hides the header %s", (name) => {
    expect(record({ headers: [[name, "hidden-value"]] }, answered(204, ""))?.request.headers).toEqual({
      [name]: "***",
    });
  });

  it("shows the idempotency key", () => {
    const headers: [string, string][] = [["Idempotency-Key", "RUN:node_1"]];
    expect(record({ headers }, answered(204, ""))?.request.headers).toEqual({
      "Idempotency-Key": "RUN:node_1",
    });
  });

  it.each([
    ["https://u:p@h.example/x", "https://***@h.example/x"],
    [
      "https://h.example/?a=1&api_key=s3&access%5Ftoken=s4&flag",
      "https://h.example/?a=1&api_key=***&access%5Ftoken=***&flag",
    ],
    ["https://h.example/?sig=s5&design=round", "https://h.example/?sig=***&design=round"],
  ])("hides the secrets of %s", (href, shown) => {
    expect(record({ url: href }, answered(204, ""))?.request.url).toBe(shown);
  });

  it("truncates long texts between characters, and replaces what cannot be stored", () => {
    const body = `${"x".repeat(9999)}🛎\u0000${"y".repeat(100_000)}`;
    const made = record({ body }, { ok: true, status: 400, body: `\u0000${body}`, took_ms: 1 });
    expect(made?.request).toMatchObject({ body: "x".repeat(9999), body_truncated: true });
    expect(made?.response).toMatchObject({ body: `\ufffd${"x".repeat(9999)}`, body_truncated: true });
  });
});
