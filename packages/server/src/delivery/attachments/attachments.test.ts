import { createHash } from "node:crypto";
import { describe, expect } from "vitest";
import { onDatabase as it } from "../../../test/fixture.ts";
import { isJsonObject, type Json, type JsonObject } from "../../core/json.ts";
import { createDb, type Db } from "../../db/db.ts";
import { createIdSource } from "../../ids.ts";
import { createAttachments } from "./attachments.ts";
import { HttpCallError, type HttpReply, type HttpRequest } from "../http/http.ts";
import { scriptedHttp } from "../../../test/outside/vendor-contract.ts";

const ids = createIdSource();

type Reply = Partial<HttpReply> | HttpCallError;

/** Loads the files of one mail. Every URL gets the same response; requests must be GETs without a signal. */
function setUp(db: Db, reply: Reply | ((request: HttpRequest) => Reply) = {}) {
  const asked: string[] = [];
  const http = scriptedHttp((request) => {
    expect(request).toMatchObject({ method: "GET", encoding: "base64", redirects: 5 });
    expect(request).not.toHaveProperty("signal");
    asked.push(request.url);
    const answer = typeof reply === "function" ? reply(request) : reply;
    if (answer instanceof HttpCallError) throw answer;
    return { status: 200, headers: {}, body: "QUJD", ...answer };
  });
  const files = createAttachments({ db, http });
  const load = (attachments: Json, attempt = 1, signal = new AbortController().signal) =>
    files.load({ workspace_id: 1, attachments, attempt }, signal);
  return { load, asked };
}

const load = (db: Db, attachments: Json, reply: Reply = {}, attempt = 1) =>
  setUp(db, reply).load(attachments, attempt);

const url = "https://files.example/a.pdf";
const file = (filename: string, content_type: string, content: string) => {
  const bytes = Buffer.from(content);
  return { filename, content_type, bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
};

describe("the attachments of a mail", () => {
  it("are decoded or fetched, and named", async ({ db }) => {
    const loaded = await load(
      db,
      [
        { filename: "a.txt", contentType: "text/plain", data: "SGVs\r\nbG8=" },
        { data: "-_-_" },
        { url: "https://files.example/x/rechnung%20f%C3%BCr.pdf?token=1" },
        { url: "https://files.example/", filename: "/etc/../b.pdf", contentType: "application/x-b" },
      ],
      { headers: { "content-type": "application/pdf; version=2" } },
    );
    expect(loaded).toEqual({
      ok: true,
      files: [
        file("a.txt", "text/plain", "Hello"),
        { ...file("attachment", "application/octet-stream", ""), ...hashed(Buffer.from("+/+/", "base64")) },
        file("rechnung für.pdf", "application/pdf; version=2", "ABC"),
        file("b.pdf", "application/x-b", "ABC"),
      ],
      left_out: [],
    });
  });

  it("that are fetched are called what the answer calls them, unless the entry does", async ({ db }) => {
    const headers = { "content-disposition": 'attachment; filename="invoice-117.pdf"' };
    const entries = [{ url: "https://x.example/download?id=42" }, { url, filename: "mine.pdf" }];
    expect(await load(db, entries, { headers })).toMatchObject({
      files: [
        { filename: "invoice-117.pdf", content_type: "application/pdf" },
        { filename: "mine.pdf", content_type: "application/pdf" },
      ],
    });
  });

  const hashed = (bytes: Buffer) => ({ bytes, sha256: createHash("sha256").update(bytes).digest("hex") });

  it.for<[Json, Reply, string, string]>([
    [{}, {}, "message", "invalid_attachment"],
    ["x", {}, "message", "invalid_attachment"],
    [{ data: "not base64!" }, {}, "message", "invalid_attachment"],
    [{ url: "file:///etc/passwd" }, {}, "message", "invalid_attachment"],
    [{ url }, { status: 404 }, "message", "attachment_http_404"],
    [{ url }, { status: 204 }, "message", "attachment_http_204"],
    [{ url }, { status: 302 }, "message", "attachment_http_302"],
    [{ url }, { status: 429 }, "transient", "attachment_http_429"],
    [{ url }, { status: 503 }, "transient", "attachment_http_503"],
    [{ url }, new HttpCallError("blocked_address", "x", false), "message", "attachment_blocked_address"],
    [{ url }, new HttpCallError("response_too_large", "x", true), "message", "attachment_response_too_large"],
    [{ url }, new HttpCallError("bad_redirect", "x", true), "message", "attachment_bad_redirect"],
    [{ url }, new HttpCallError("timeout", "x", true), "transient", "attachment_timeout"],
    [{ url }, new HttpCallError("connection_lost", "x", true), "transient", "attachment_connection_lost"],
    [{ url }, new HttpCallError("dns_failed", "x", false), "transient", "attachment_dns_failed"],
  ])(
    "that cannot be loaded fail the mail, or are left out if they are optional: %j",
    async ([entry, reply, kind, code], { db }) => {
      expect(await load(db, [entry], reply, 6)).toMatchObject({ ok: false, failure: { class: kind, code } });
      if (!isJsonObject(entry)) return;
      const optional = { ...entry, filename: "x", ignore_if_error: true };
      expect(await load(db, [optional, { data: "QQ==" }], reply, 6)).toMatchObject({
        ok: true,
        files: [{ bytes: Buffer.from("A") }],
        left_out: [{ filename: "x", code }],
      });
    },
  );

  it("that are optional are waited for in two attempts, unless the failure is final", async ({ db }) => {
    const optional = [{ url, ignore_if_error: true }];
    for (const attempt of [1, 2]) {
      expect(await load(db, optional, { status: 503 }, attempt)).toMatchObject({
        failure: { class: "transient" },
      });
      expect(await load(db, optional, { status: 404 }, attempt)).toMatchObject({ ok: true, files: [] });
    }
    expect(await load(db, optional, { status: 503 }, 3)).toMatchObject({ ok: true, files: [] });
  });

  it("fail the mail for good when one of them never comes, whatever the others may still do", async ({
    db,
  }) => {
    const entries = [{ url }, {}];
    expect(await load(db, entries, { status: 503 })).toMatchObject({
      failure: { class: "message", message: "attachment 2: it has neither data nor a URL" },
    });
  });

  it("are requested again when their server says so", async ({ db }) => {
    const reply = { status: 429, headers: { "retry-after": "77" } };
    expect(await load(db, [{ url }], reply)).toMatchObject({
      failure: { class: "transient", retry_after: 77 },
    });
    expect(await load(db, [{ url }], { ...reply, status: 404 })).not.toHaveProperty("failure.retry_after");
  });

  it("that come twice are attached once, and are needed if one of them is", async ({ db }) => {
    const { load: loadOne } = setUp(db, { body: "QQ==" });
    const twice = [
      { filename: "a", data: "QQ==", ignore_if_error: true },
      { filename: "a", url: "https://files.example/a" },
      { filename: "b", data: "QQ==" },
      { filename: "a", data: "Qg==" },
    ];
    expect(await loadOne(twice)).toMatchObject({
      ok: true,
      files: [{ filename: "a" }, { filename: "b" }, { filename: "a", bytes: Buffer.from("B") }],
    });
  });

  it("are limited in total: optional ones are left out, from the end", async ({ db }) => {
    const large = (digit: string, more = {}) => ({
      filename: digit,
      data: Buffer.alloc(7 * 1024 * 1024, digit).toString("base64"),
      ...more,
    });
    const may = { ignore_if_error: true };
    expect(await load(db, [large("1"), large("2")])).toMatchObject({ ok: true, left_out: [] });
    expect(await load(db, [large("1"), large("2"), large("3")])).toMatchObject({
      failure: { class: "message", code: "attachments_too_large" },
    });
    expect(await load(db, [large("1", may), large("2", may), large("3")])).toMatchObject({
      ok: true,
      files: [{ filename: "1" }, { filename: "3" }],
      left_out: [{ filename: "2", code: "attachments_too_large" }],
    });
  });

  it("are a hundred at most", async ({ db }) => {
    const { load: loadAll, asked } = setUp(db);
    const many = (count: number) => Array.from({ length: count }, (_, index) => ({ url: `${url}?${index}` }));
    expect(await loadAll(many(101))).toMatchObject({
      failure: { class: "message", code: "too_many_attachments" },
    });
    expect(asked).toEqual([]);
    // All the same file.
    expect(await loadAll(many(100))).toMatchObject({ ok: true, files: [{ filename: "a.pdf" }] });
    expect(asked).toHaveLength(100);
  });

  it("are fetched a few at a time", async ({ db }) => {
    const { promise, resolve } = Promise.withResolvers<HttpReply>();
    let asked = 0;
    const http = scriptedHttp(() => {
      asked += 1;
      return promise;
    });
    const attachments = Array.from({ length: 10 }, (_, index) => ({ url: `${url}?${index}` }));
    const loading = createAttachments({ db, http }).load(
      { workspace_id: 1, attachments, attempt: 1 },
      new AbortController().signal,
    );
    expect(asked).toBe(4);
    resolve({ status: 200, headers: {}, body: "" });
    expect(await loading).toMatchObject({ ok: true });
    expect(asked).toBe(10);
  });

  it("are not started when the time is over", async ({ db }) => {
    const { load: loadLate, asked } = setUp(db);
    expect(await loadLate([{ url }], 1, AbortSignal.abort())).toMatchObject({
      failure: { class: "transient", code: "attachment_timeout" },
    });
    expect(asked).toEqual([]);
  });

  it("of many mails are fetched once, and again only after a refusal", async ({ db }) => {
    const status = { now: 503 };
    const { load: loadOne, asked } = setUp(db, () => ({ status: status.now }));
    await loadOne([{ url }]);
    status.now = 200;
    await Promise.all(Array.from({ length: 50 }, () => loadOne([{ url }])));
    expect(asked).toHaveLength(2);
  });

  it("never name their URL in what is shown: it may hold a token", async ({ db }) => {
    for (const reply of [{ status: 500 }, new HttpCallError("timeout", "GET https://x", true)]) {
      const shown = JSON.stringify(await load(db, [{ filename: "a", url: `${url}?secret` }], reply));
      expect(shown).toContain("attachment a: ");
      expect(shown).not.toMatch(/secret|files\.example/);
    }
  });

  it("of messages made by an earlier version are read as well", async ({ db }) => {
    expect(await load(db, [{ filename: "a", contentType: "text/plain", data: "QQ==" }])).toMatchObject({
      files: [{ filename: "a", bytes: Buffer.from("A") }],
    });
    expect(await load(db, null)).toEqual({ ok: true, files: [], left_out: [] });
  });
});

describe("a file that lies in its request", () => {
  async function addRequest(db: Db, api_type: string, body: Json, workspace_id = 1): Promise<string> {
    const id = ids.uuid();
    await db.query(
      `insert into request (workspace_id, id, lane, api_type, name, idempotency_key, body)
       values ($1, $2, 1, $3, 'w', '', $4)`,
      [workspace_id, id, api_type, JSON.stringify(body)],
    );
    return id;
  }
  const at = (request_id: string, index: number, more = {}) => ({
    filename: `${index}.txt`,
    stored: { request_id, index },
    ...more,
  });
  const $attachments = [{ url }, { data: "SGVs\nbG8=" }];

  it.for<[string, JsonObject]>([
    ["workflow", { data: { $attachments } }],
    ["dynamic", { data: { $attachments } }],
    ["event", { properties: { $attachments }, data: { $attachments: [] } }],
  ])("of kind %s is read from there", async ([api_type, body], { db }) => {
    const id = await addRequest(db, api_type, body);
    expect(await load(db, [at(id, 1)])).toEqual({
      ok: true,
      files: [file("1.txt", "text/plain", "Hello")],
      left_out: [],
    });
  });

  it("is gone with it, and not readable from another workspace", async ({ db }) => {
    const other = await addRequest(db, "workflow", { data: { $attachments } }, 2);
    const reason = "the request that brought it has outlived its retention";
    for (const id of [ids.uuid(), other]) {
      expect(await load(db, [at(id, 1)])).toMatchObject({
        failure: { class: "message", code: "attachment_gone", message: `attachment 1.txt: ${reason}` },
      });
      expect(await load(db, [at(id, 1, { ignore_if_error: true })])).toMatchObject({
        ok: true,
        left_out: [{ filename: "1.txt", code: "attachment_gone", reason }],
      });
    }
  });

  it.for<[Json]>([
    [null],
    [{}],
    [{ data: null }],
    [{ data: { $attachments: {} } }],
    [{ data: { $attachments: [1, 2] } }],
    [{ data: [] }],
  ])("is gone where the body is %j", async ([body], { db }) => {
    const id = await addRequest(db, "workflow", body);
    expect(await load(db, [at(id, 1)])).toMatchObject({ failure: { code: "attachment_gone" } });
  });

  it("is retried when the database is unreachable", async () => {
    const lost = createDb({ url: "postgres://nobody@127.0.0.1:1/none", max: 1, onError: () => {} });
    const files = createAttachments({
      db: lost,
      http: scriptedHttp(() => ({ status: 200, headers: {}, body: "" })),
    });
    const carrier = { workspace_id: 1, attachments: [at(ids.uuid(), 0)], attempt: 1 };
    expect(await files.load(carrier, new AbortController().signal)).toMatchObject({
      failure: { class: "transient", code: "attachment_unread" },
    });
    await lost.close();
  });
});
