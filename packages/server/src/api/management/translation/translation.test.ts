import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import { createHub } from "../../../../test/hub.ts";
import { createManagement, type Management } from "../../../../test/management.ts";
import { createTranslator } from "../../../core/translations/lookup.ts";

const MICROS = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);

const save = (management: Management, file: string, content: unknown, more: object = {}) =>
  management.call("POST", `translation/content/${file}`, { content, ...more });
const get = (management: Management, file: string, mode = "draft") =>
  management.call("GET", `translation/content/${file}?mode=${mode}`);
const remove = (management: Management, file: string) =>
  management.call("DELETE", `translation/content/${file}`);
const list = (management: Management, query = "") => management.call("GET", `translation?${query}`);
const commit = (management: Management, query = "") =>
  management.call("PATCH", `translation/commit?${query}`, {});
const rollback = (management: Management, version: number) =>
  management.call("POST", `translation/version/${version}/rollback`, {});

/** `en.json unchanged` … */
async function actions(answer: Promise<{ body: { results: { filename: string; action: string }[] } }>) {
  const { body } = await answer;
  return body.results.map(({ filename, action }) => `${filename} ${action}`);
}

const item = (filename: string, more: object) => ({
  filename,
  locale: "en",
  locale_name: "English",
  namespace: null,
  action: "added",
  updated_at: MICROS,
  ...more,
});

describe("POST /v1/{workspace}/translation/content/{file}/", () => {
  it("201: stores a file in the draft", async ({ management }) => {
    const content = {
      welcome: "Bienvenue",
      a: { b: "Bonjour, {{name}} !" },
      n: { zero: "0", one: "1", other: "n" },
    };
    const made = await save(management, "fr.json", content, { locale: "fr.json" });
    expect(made).toStrictEqual({
      status: 201,
      body: { ...item("fr.json", { locale: "fr", locale_name: "French" }), content },
    });
    expect(await get(management, "fr.json")).toStrictEqual({ ...made, status: 200 });
    expect(await get(management, "fr.json", "live")).toMatchObject({ status: 404 });
  });

  it.for<[string, string, string, string, string | null]>([
    ["orders.fr_ca.json", "orders.fr-CA.json", "fr-CA", "French (canada)", "orders"],
    ["es-419.json", "es-419.json", "es-419", "Spanish (latin america)", null],
    ["EN-gb.json", "en-GB.json", "en-GB", "English (united kingdom)", null],
  ])(
    "201: has one spelling for %s",
    async ([file, filename, locale, locale_name, namespace], { management }) => {
      expect((await save(management, file, {})).body).toMatchObject({
        filename,
        locale,
        locale_name,
        namespace,
      });
      expect(await get(management, file)).toMatchObject({ status: 200, body: { filename } });
    },
  );

  it("201: says what a commit would do, and nothing after a commit", async ({ management }) => {
    await save(management, "en.json", { a: "1" });
    expect((await save(management, "en.json", { a: "2" })).body).toMatchObject({ action: "added" });
    await commit(management);
    expect((await save(management, "en.json", { a: "3" })).body).toMatchObject({ action: "updated" });
    expect((await save(management, "en.json", { a: "2" })).body).toMatchObject({ action: "unchanged" });
    expect(await actions(list(management))).toEqual(["en.json unchanged"]);
  });

  it("201: of two at once, both are kept", async ({ management }) => {
    const locales = ["de", "en", "es", "fr", "it", "nl", "pl", "pt"];
    const answers = await Promise.all(
      locales.map((locale) => save(management, `${locale}.json`, { locale })),
    );
    expect(answers.map(({ status }) => status)).toEqual(locales.map(() => 201));
    expect(await actions(list(management))).toEqual(locales.map((locale) => `${locale}.json added`));
  });

  it("201: keeps keys that are traps of the language", async ({ management }) => {
    const content: unknown = JSON.parse('{"__proto__":"a","constructor":{"__proto__":"b"}}');
    const { body } = await save(management, "en.json", content);
    expect(JSON.stringify(body.content)).toBe(JSON.stringify(content));
  });

  it.for<[unknown, unknown]>([
    [{ a: 1 }, "content.a: must be a text, or an object of texts"],
    [
      { a: { b: ["x"], c: null } },
      "content.a.b: must be a text, or an object of texts; content.a.c: must be a text, or an object of texts",
    ],
    [{ a: "Hi {{name" }, expect.stringMatching(/^content\.a: does not render: Parse error/)],
    [{ a: "{{nope name}}" }, 'content.a: does not render: Missing helper: "nope" - 1:2'],
  ])("400: refuses %j by path", async ([content, message], { management }) => {
    expect(await save(management, "en.json", content)).toMatchObject({
      status: 400,
      body: { code: 400, error_code: "validation_error", type: "ValidationError", message },
    });
    expect(await get(management, "en.json")).toMatchObject({ status: 404 });
  });

  it.for([[null], ["{}"], [[]], [5]])("400: refuses the content %j", async ([content], { management }) => {
    expect(await save(management, "en.json", content)).toMatchObject({
      status: 400,
      body: {
        code: 400,
        error_code: "validation_error",
        type: "ValidationError",
        message: "Invalid JSON format",
      },
    });
  });

  it("400: refuses the locale of another file", async ({ management }) => {
    for (const locale of ["fr", "fr.json", "orders.fr.json"]) {
      expect(await save(management, "fr.json", {}, { locale })).toMatchObject({ status: 201 });
      expect(await save(management, "en.json", {}, { locale })).toMatchObject({
        status: 400,
        body: { error_code: "validation_error", message: "locale: must be en, as in the file's name" },
      });
    }
  });

  it.for(["en", "english.json", "a.b.en.json", "xx-klingon.json", "%2e%2e.json", "en.json.json"])(
    "400: refuses the name %s",
    async (file, { management }) => {
      for (const answer of [
        await save(management, file, {}),
        await get(management, file),
        await remove(management, file),
      ]) {
        expect(answer).toMatchObject({
          status: 400,
          body: {
            error_code: "validation_error",
            message: expect.stringContaining("must be {locale}.json or {namespace}.{locale}.json"),
          },
        });
      }
    },
  );
});

describe("GET /v1/{workspace}/translation/", () => {
  it("200: pages through the files by name", async ({ management }) => {
    expect(await list(management)).toStrictEqual({
      status: 200,
      body: { meta: { count: 0, limit: 10, offset: 0 }, results: [] },
    });
    for (const file of ["fr.json", "en.json", "auth.en.json"]) await save(management, file, { file });
    expect(await list(management, "limit=2&offset=1")).toStrictEqual({
      status: 200,
      body: {
        meta: { count: 3, limit: 2, offset: 1 },
        results: [item("en.json", {}), item("fr.json", { locale: "fr", locale_name: "French" })],
      },
    });
  });

  it("200: shows content and version where it is asked for", async ({ management }) => {
    await save(management, "en.json", { a: "1" });
    const query = "include_content=true&include_version_info=true";
    expect((await list(management, query)).body.results).toStrictEqual([
      item("en.json", { content: { a: "1" }, version_no: 1, version_status: "draft" }),
    ]);
    await commit(management);
    expect((await list(management, `${query}&mode=live`)).body.results).toStrictEqual([
      item("en.json", { content: { a: "1" }, version_no: 1, version_status: "active" }),
    ]);
  });

  it("200: shows the live files apart from the draft", async ({ management }) => {
    await save(management, "en.json", { a: "1" });
    expect(await actions(list(management, "mode=live"))).toEqual([]);
    await commit(management);
    await save(management, "en.json", { a: "2" });
    await save(management, "fr.json", { a: "deux" });
    expect(await actions(list(management, "mode=live"))).toEqual(["en.json added"]);
    expect(await actions(list(management))).toEqual(["en.json updated", "fr.json added"]);
    expect((await get(management, "en.json", "live")).body).toMatchObject({ content: { a: "1" } });
  });

  it("400: refuses another mode", async ({ management }) => {
    expect(await list(management, "mode=active")).toMatchObject({ status: 400 });
  });

  it("401, 404: is for a service token and a workspace that there is", async ({ hub, harness }) => {
    const call = (workspace: string, authorization: string) =>
      harness.app.inject({ url: `/v1/${workspace}/translation/`, headers: { authorization } });
    const refused = await call(hub.workspace.slug, "ServiceToken wrong");
    expect([refused.statusCode, refused.json()]).toMatchObject([
      401,
      { error_code: "authentication_failed" },
    ]);
    const missing = await call("nowhere", `ServiceToken ${harness.serviceToken}`);
    expect([missing.statusCode, missing.json()]).toMatchObject([404, { error_code: "not_found" }]);
  });
});

describe("DELETE /v1/{workspace}/translation/content/{file}/", () => {
  it("204: takes a new file out of the draft", async ({ management }) => {
    await save(management, "en.json", {});
    expect(await remove(management, "en.json")).toEqual({ status: 204, body: null });
    expect(await actions(list(management))).toEqual([]);
  });

  it("204: marks a live file, which stays live until the commit", async ({ management }) => {
    await save(management, "en.json", { a: "1" });
    await save(management, "fr.json", { a: "un" });
    await commit(management);
    expect(await remove(management, "fr.json")).toEqual({ status: 204, body: null });
    expect(await actions(list(management))).toEqual(["en.json unchanged", "fr.json deleted"]);
    expect((await get(management, "fr.json")).body).toMatchObject({
      action: "deleted",
      content: { a: "un" },
    });
    expect(await actions(list(management, "mode=live"))).toEqual(["en.json added", "fr.json added"]);
    expect(await actions(commit(management))).toEqual(["en.json unchanged"]);
    expect(await get(management, "fr.json")).toMatchObject({ status: 404 });
  });

  it("204: is undone by saving the file again", async ({ management }) => {
    await save(management, "en.json", { a: "1" });
    await commit(management);
    await remove(management, "en.json");
    expect((await save(management, "en.json", { a: "1" })).body).toMatchObject({ action: "unchanged" });
  });

  it("404: where there is none, or none any more", async ({ management }) => {
    const missing = {
      status: 404,
      body: { message: "translation file 'en.json' not found", error_code: "not_found" },
    };
    expect(await remove(management, "en.json")).toMatchObject(missing);
    await save(management, "en.json", {});
    await commit(management);
    await remove(management, "en.json");
    expect(await remove(management, "en.json")).toMatchObject(missing);
  });
});

describe("PATCH /v1/{workspace}/translation/commit/", () => {
  it("202: makes the draft live as a version of all files", async ({ management }) => {
    await save(management, "en.json", { a: "1" });
    expect(await commit(management, "commit_message=first")).toStrictEqual({
      status: 202,
      body: { meta: { count: 1, limit: 1000, offset: 0 }, results: [item("en.json", {})] },
    });
    await save(management, "fr.json", { a: "un" });
    expect(await actions(commit(management))).toEqual(["en.json unchanged", "fr.json added"]);
    expect(await actions(management.call("GET", "translation/version/1"))).toEqual(["en.json added"]);
    expect(await actions(management.call("GET", "translation/version/2"))).toEqual([
      "en.json unchanged",
      "fr.json added",
    ]);
  });

  it("202: makes no version of nothing", async ({ management }) => {
    expect(await commit(management)).toMatchObject({ status: 202, body: { results: [] } });
    await save(management, "en.json", { a: "1" });
    await commit(management);
    expect(await actions(commit(management))).toEqual(["en.json added"]);
    expect(await management.call("GET", "translation/version/2")).toMatchObject({ status: 404 });
  });

  it("202: gives every commit a number of its own, also when two race", async ({ management }) => {
    const one = async (locale: string) => {
      await save(management, `${locale}.json`, { locale });
      return commit(management);
    };
    const answers = await Promise.all(["de", "es", "fr", "it"].map(one));
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202]);
    expect(await actions(list(management, "mode=live"))).toHaveLength(4);
  });

  it("is what running workflows read, at once", async ({ management, hub }) => {
    const text = async () => {
      const translations = await hub.services.catalog.findTranslations(hub.workspace_id);
      return createTranslator(translations, "fr-CA")("orders:hello", undefined);
    };
    await save(management, "orders.fr.json", { hello: "Bonjour" });
    expect(await text()).toMatchObject({ ok: false });
    await commit(management);
    expect(await text()).toEqual({ ok: true, text: "Bonjour" });
    await remove(management, "orders.fr.json");
    await commit(management);
    expect(await text()).toMatchObject({ ok: false });
  });
});

describe("GET /v1/{workspace}/translation/version/{n}/", () => {
  it("200: keeps every version as it was", async ({ management }) => {
    await save(management, "en.json", { a: "1" });
    await commit(management);
    await save(management, "en.json", { a: "2" });
    await commit(management);
    const read = async (version: number) =>
      (
        await management.call(
          "GET",
          `translation/version/${version}?include_content=1&include_version_info=1`,
        )
      ).body.results;
    expect(await read(1)).toStrictEqual([
      item("en.json", { content: { a: "1" }, version_no: 1, version_status: "inactive" }),
    ]);
    expect(await read(2)).toStrictEqual([
      item("en.json", { action: "updated", content: { a: "2" }, version_no: 2, version_status: "active" }),
    ]);
  });

  it.for(["1", "99", "999999999999999"])("404: there is no version %s", async (version, { management }) => {
    const missing = { status: 404, body: { message: `translation version ${version} not found` } };
    expect(await management.call("GET", `translation/version/${version}`)).toMatchObject(missing);
    expect(await rollback(management, Number(version))).toMatchObject(missing);
  });

  it.for(["x", "-1", "1.5"])("400: %s is no number of a version", async (version, { management }) => {
    expect(await management.call("GET", `translation/version/${version}`)).toMatchObject({ status: 400 });
  });
});

describe("POST /v1/{workspace}/translation/version/{n}/rollback/", () => {
  it("200: makes the old files live at once, as a new version, without the draft", async ({ management }) => {
    await save(management, "en.json", { a: "1" });
    await save(management, "de.json", { a: "eins" });
    await commit(management);
    await save(management, "en.json", { a: "2" });
    await save(management, "fr.json", { a: "deux" });
    await remove(management, "de.json");
    await commit(management);
    await save(management, "it.json", { a: "draft" });
    expect(await rollback(management, 1)).toMatchObject({
      status: 200,
      body: {
        meta: { count: 2 },
        results: [
          { filename: "de.json", action: "added" },
          { filename: "en.json", action: "updated" },
        ],
      },
    });
    expect(await actions(list(management))).toEqual(["de.json unchanged", "en.json unchanged"]);
    expect((await get(management, "en.json", "live")).body).toMatchObject({ content: { a: "1" } });
    expect(await actions(management.call("GET", "translation/version/3"))).toHaveLength(2);
    expect(await actions(management.call("GET", "translation/version/2"))).toEqual([
      "en.json updated",
      "fr.json added",
    ]);
  });

  it("200: to what is live only drops the draft", async ({ management }) => {
    await save(management, "en.json", { a: "1" });
    await commit(management);
    await save(management, "en.json", { a: "2" });
    await rollback(management, 1);
    expect(await actions(list(management))).toEqual(["en.json unchanged"]);
    expect(await management.call("GET", "translation/version/2")).toMatchObject({ status: 404 });
  });
});

describe("translations", () => {
  it("are nobody else's", async ({ management, harness }) => {
    await save(management, "en.json", { a: "1" });
    await commit(management);
    const other = await createHub(harness);
    const theirs = createManagement(other, other.workspace);
    expect(await actions(list(theirs))).toEqual([]);
    expect(await theirs.call("GET", "translation/version/1")).toMatchObject({ status: 404 });
  });

  it("leave no content behind that nothing has any more", async ({ management, hub }) => {
    const contents = async () => {
      const [row] = await hub.services.db.query<{ count: number }>(
        "select count(*)::int as count from translation_content where workspace_id = $1",
        [hub.workspace_id],
      );
      return row?.count;
    };
    await save(management, "en.json", { a: "1" });
    await save(management, "en.json", { a: "2" });
    expect(await contents()).toBe(1);
    await save(management, "fr.json", { a: "2" });
    await remove(management, "fr.json");
    expect(await contents()).toBe(1);
    await commit(management);
    await save(management, "en.json", { a: "3" });
    expect(await contents()).toBe(2);
    await rollback(management, 1);
    expect(await contents()).toBe(1);
  });

  it("of a workspace have a size that every process can hold", async ({ management, hub }) => {
    const { db } = hub.services;
    await save(management, "en.json", { a: "1" });
    await db.query("update translation_content set bytes = 16 * 1024 * 1024 where workspace_id = $1", [
      hub.workspace_id,
    ]);
    expect(await save(management, "fr.json", { a: "un" })).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining("at most 16777216 bytes together") },
    });
    expect(await actions(list(management))).toEqual(["en.json added"]);
  });
});
