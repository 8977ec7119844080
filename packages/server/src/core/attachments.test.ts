import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { attachmentsOf, describeAttachment, replaceFilesWithNotes, toNotes } from "./attachments.ts";
import type { Json, JsonObject } from "./json.ts";

const FIRST = "0192f000-0000-7000-8000-000000000001";
const SECOND = "0192f000-0000-7000-8000-000000000002";
const client = { request_id: FIRST, is_internal: false };
const engine = { request_id: FIRST, is_internal: true };

const nothing = {
  filename: null,
  contentType: null,
  ignore_if_error: false,
  size: null,
  url: null,
  stored: null,
  data: null,
  problem: null,
};

/** The note made of one entry. */
const noteOf = (entry: Json, source = client) => {
  const { $attachments } = replaceFilesWithNotes({ $attachments: [entry] }, source);
  return ($attachments as JsonObject[])[0];
};

const base64 = (text: string) => Buffer.from(text).toString("base64");

describe("the files of a payload", () => {
  it("leave their bytes in the request", () => {
    const files = [
      {
        filename: "a.pdf",
        contentType: "application/pdf",
        data: base64("Hello"),
        url: null,
        ignore_if_error: false,
      },
      {
        filename: null,
        contentType: null,
        data: null,
        url: "https://x.example/b.png",
        ignore_if_error: true,
      },
      { filename: "c", contentType: false, data: base64("é"), url: "" },
    ];
    expect(replaceFilesWithNotes({ order: 1, $attachments: files }, client)).toEqual({
      order: 1,
      $attachments: [
        {
          ...nothing,
          filename: "a.pdf",
          contentType: "application/pdf",
          size: 5,
          stored: { request_id: FIRST, index: 0 },
        },
        { ...nothing, url: "https://x.example/b.png", ignore_if_error: true },
        { ...nothing, filename: "c", size: 2, stored: { request_id: FIRST, index: 2 } },
      ],
    });
  });

  it("cost nothing for a payload without any: it is the same object", () => {
    for (const payload of [{}, { a: 1 }, { $attachments: null }, { $attachments: "x" }] as JsonObject[]) {
      expect(replaceFilesWithNotes(payload, client)).toBe(payload);
    }
  });

  it.each<[JsonObject, JsonObject]>([
    [
      { file_name: "a", content_type: "text/plain" },
      { filename: "a", contentType: "text/plain" },
    ],
    [
      { fileName: "a", ignoreIfError: true },
      { filename: "a", ignore_if_error: true },
    ],
    [{ filename: " a ", file_name: "b" }, { filename: "a" }],
    [{ filename: "", file_name: "b" }, { filename: "b" }],
    [{ filename: 5, contentType: {}, ignore_if_error: "true" }, {}],
    [{ ignore_if_error: 1 }, {}],
  ])("are read from %j too", (entry, read) => {
    const url = "https://x.example/";
    expect(noteOf({ ...entry, url })).toEqual({ ...nothing, url, ...read });
  });

  it.each<[Json, string]>([
    [null, "an attachment must be an object"],
    ["https://x.example/a.pdf", "an attachment must be an object"],
    [[], "an attachment must be an object"],
    [{}, "it has neither data nor a URL"],
    [{ data: null, url: null }, "it has neither data nor a URL"],
    [{ data: "", url: " " }, "it has neither data nor a URL"],
    [{ data: 5, url: {} }, "it has neither data nor a URL"],
    [JSON.parse('{"__proto__":{"data":"QQ=="}}') as Json, "it has neither data nor a URL"],
    [{ data: "not base64!" }, "the data is not base64"],
    [{ data: "a=b" }, "the data is not base64"],
    [{ data: "QUJDR" }, "the data is not base64"],
    [{ data: "data:text/plain;base64,QQ==" }, "the data is not base64"],
    [{ data: "=" }, "the data is not base64"],
    [{ url: "/etc/passwd" }, "the URL is not http or https"],
    [{ url: "file:///etc/passwd" }, "the URL is not http or https"],
    [{ url: "javascript:alert(1)" }, "the URL is not http or https"],
  ])("that cannot be attached say why: %j", (entry, problem) => {
    expect(noteOf(entry)).toMatchObject({ problem, data: null, stored: null, url: null });
  });

  it("can be written in either alphabet and on many lines", () => {
    expect(noteOf({ data: "SGVs\r\nbG8=\n" })).toMatchObject({ size: 5 });
    expect(noteOf({ data: "-_-_" })).toMatchObject({ size: 3 });
    expect(noteOf({ data: "QQ" })).toMatchObject({ size: 1 });
  });

  it("are as large as what their base64 stands for", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (bytes) => {
        const buffer = Buffer.from(bytes);
        expect(noteOf({ data: buffer.toString("base64") })).toMatchObject({ size: bytes.length });
        expect(noteOf({ data: buffer.toString("base64url") })).toMatchObject({ size: bytes.length });
      }),
    );
  });

  it("name another request only where the engine wrote them", () => {
    const entry = { filename: "a", size: 5, stored: { request_id: SECOND, index: 3 } };
    expect(noteOf(entry, client)).toMatchObject({ stored: null, problem: "it has neither data nor a URL" });
    expect(noteOf(entry, engine)).toEqual({ ...nothing, ...entry });
  });

  it.each<[Json]>([
    ["x"],
    [{ request_id: "x", index: 0 }],
    [{ request_id: SECOND, index: -1 }],
    [{ request_id: SECOND, index: 0.5 }],
    [{ request_id: SECOND, index: 1e300 }],
    [{ request_id: SECOND }],
  ])("are nowhere when their place is %j", (stored) => {
    expect(noteOf({ stored }, engine)).toMatchObject({
      stored: null,
      problem: "it has neither data nor a URL",
    });
  });

  it("become notes of any JSON, which read as themselves ever after", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.boolean(), (value, is_internal) => {
        const once = toNotes(value as Json);
        expect(toNotes(once)).toEqual(once);
        const left = replaceFilesWithNotes(
          { $attachments: [value as Json] },
          { request_id: FIRST, is_internal },
        );
        const notes = toNotes(left.$attachments);
        expect(notes).toEqual(left.$attachments);
        expect(replaceFilesWithNotes(left, engine)).toEqual(left);
      }),
    );
  });
});

describe("the files of a mail", () => {
  const file = (filename: string) => ({ ...nothing, filename, url: `https://x.example/${filename}` });

  it("are those of the payload", () => {
    expect(attachmentsOf({ $attachments: [file("a"), file("b")] }, null)).toEqual([file("a"), file("b")]);
    expect(attachmentsOf({}, null)).toEqual([]);
    expect(attachmentsOf({ $attachments: null }, null)).toEqual([]);
    expect(attachmentsOf({ $attachments: [] }, null)).toEqual([]);
  });

  it("are one that fails it where the payload has no list", () => {
    for (const wrong of ["x", 5, true, {}, file("a")] as Json[]) {
      expect(attachmentsOf({ $attachments: wrong }, null)).toEqual([
        { ...nothing, problem: "$attachments is not a list" },
      ]);
    }
  });

  const before = { $attachments: [file("a")] };
  const items: Json[] = [
    { $attachments: [file("a")] },
    { n: 2 },
    { $attachments: [file("b"), file("c")] },
    "no payload",
  ];

  it("are those of the retained triggers after a batch, in order", () => {
    const payload = { ...before, $batched_events: items, $batched_events_count: 4 };
    expect(attachmentsOf(payload, before)).toEqual([file("a"), file("b"), file("c")]);
    // A leading item's own file is not retained by the batch after it.
    expect(attachmentsOf({ ...before, $batched_events: [{}] }, before)).toEqual([]);
  });

  it("are what a node after the batch has put in their place", () => {
    const payload = { $batched_events: items, $attachments: [file("sum")] };
    expect(attachmentsOf(payload, before)).toEqual([file("sum")]);
    expect(attachmentsOf({ ...payload, $attachments: [] }, before)).toEqual([]);
  });

  it("are the payload's own where a trigger only calls something $batched_events", () => {
    expect(attachmentsOf({ ...before, $batched_events: items }, null)).toEqual([file("a")]);
  });
});

describe("a file in a log", () => {
  it("is shown without its bytes, its place and the query of its URL", () => {
    const [shown, fetched, bad] = toNotes([
      { filename: "a", contentType: "text/plain", data: "SECRET==" },
      { url: "https://user:pass@x.example/b.pdf?token=SECRET#SECRET", ignore_if_error: true },
      {},
    ]).map(describeAttachment);
    expect(shown).toEqual({ filename: "a", contentType: "text/plain", size: 4 });
    expect(fetched).toEqual({
      filename: null,
      contentType: null,
      size: null,
      url: "https://x.example/b.pdf",
      ignore_if_error: true,
    });
    expect(bad).toMatchObject({ problem: "it has neither data nor a URL" });
  });
});
