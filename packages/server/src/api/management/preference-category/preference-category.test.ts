import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import type { Management } from "../../../../test/management.ts";

const SCHEMA = "https://schema.suprsend.com/preference_category/v1/schema.json";
const MICROS = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/);
const VALID = { is_valid: true, errors: [] };

const EMPTY = [
  { root_category: "system", sections: [] },
  { root_category: "transactional", sections: [] },
  { root_category: "promotional", sections: [] },
];

const news = (more: object = {}) => ({
  category: "news",
  name: "News",
  description: null,
  default_preference: "opt_in",
  default_mandatory_channels: null,
  default_opt_in_channels: null,
  tags: null,
  digest_schedule: null,
  properties: null,
  ...more,
});

const inSection = (...categories: object[]) => ({
  root_categories: [
    EMPTY[0],
    EMPTY[1],
    {
      root_category: "promotional",
      sections: [{ name: "Product", description: null, tags: null, categories }],
    },
  ],
});

const PATH = "preference_category";
const get = (management: Management, mode = "live") => management.call("GET", `${PATH}?mode=${mode}`);
const save = (management: Management, body: unknown, query = "") =>
  management.call("POST", `${PATH}?${query}`, body);
const commit = (management: Management, message = "test") =>
  management.call("PATCH", `${PATH}/commit?commit_message=${message}`);
const COMMIT = "commit=true&commit_message=First";

describe("GET /v1/{workspace}/preference_category/", () => {
  it("200: is empty where nothing was saved", async ({ management }) => {
    const empty = { $schema: SCHEMA, root_categories: EMPTY, version_no: 0, validation_result: VALID };
    expect(await get(management, "live")).toEqual({ status: 200, body: { ...empty, status: "active" } });
    expect(await get(management, "draft")).toEqual({ status: 200, body: { ...empty, status: "draft" } });
  });

  it("200: shows the live document while a draft is edited, and the draft", async ({ management }) => {
    await save(management, inSection(news()), COMMIT);
    await save(management, inSection(news({ name: "Better news" })));
    const head = { $schema: SCHEMA, validation_result: VALID };
    expect((await get(management, "live")).body).toEqual({
      ...head,
      ...inSection(news()),
      version_no: 1,
      status: "active",
    });
    expect((await get(management, "draft")).body).toEqual({
      ...head,
      ...inSection(news({ name: "Better news" })),
      version_no: 2,
      status: "draft",
    });
  });

  it.for([
    ["", "is a required field"],
    ["?mode=active", "must be one of ['draft' 'live']"],
  ])("400: refuses the query %j", async ([query, reason], { management }) => {
    const detail = { mode: reason };
    expect(await management.call("GET", `${PATH}${query}`)).toEqual({
      status: 400,
      body: { code: 400, message: JSON.stringify(detail), detail },
    });
  });

  it("401, 404: refuses in the data API's family, with texts of its own", async ({ hub, harness }) => {
    const call = (workspace: string, authorization: string | undefined, path = "") =>
      harness.app.inject({
        method: "GET",
        url: `/v1/${workspace}/${PATH}/${path}?mode=live`,
        headers: authorization === undefined ? {} : { authorization },
      });
    const token = `ServiceToken ${harness.serviceToken}`;
    for (const path of ["", "translation/locale/", "translation/content/es/"]) {
      for (const authorization of [undefined, "ServiceToken wrong", `Bearer ${harness.serviceToken}`]) {
        const refused = await call(hub.workspace.slug, authorization, path);
        expect([refused.statusCode, refused.json()]).toEqual([
          401,
          { code: 401, message: "ServiceToken not found" },
        ]);
      }
      const missing = await call("nowhere", token, path);
      expect([missing.statusCode, missing.json()]).toEqual([
        404,
        { code: 404, message: "workspace not found for slug/uid: nowhere" },
      ]);
    }
  });
});

describe("POST /v1/{workspace}/preference_category/", () => {
  it("200: stores a draft, which no trigger and no page knows", async ({ management, hub }) => {
    const { status, body } = await save(management, inSection(news()));
    expect(status).toBe(200);
    expect(body).toEqual({
      $schema: SCHEMA,
      ...inSection(news()),
      version_no: 1,
      status: "draft",
      validation_result: VALID,
      commit_message: null,
      committed_at: null,
    });
    await hub.call("POST", "/v1/user/ann/", {});
    expect(await hub.call("GET", "/v1/user/ann/preference/category/news/")).toMatchObject({ status: 404 });
  });

  it("200: commits at once, and the next page knows it", async ({ management, hub }) => {
    expect(await save(management, inSection(news()), COMMIT)).toMatchObject({
      status: 200,
      body: { version_no: 1, status: "active", commit_message: "First", committed_at: MICROS },
    });
    await hub.call("POST", "/v1/user/ann/", {});
    expect(await hub.call("GET", "/v1/user/ann/preference/category/news/")).toMatchObject({ status: 200 });
  });

  it("200: fills in what may be missing, and takes back what it answers", async ({ management }) => {
    const bare = { category: "news", name: "News", default_preference: "opt_in" };
    const { body } = await save(management, {
      root_categories: [
        { root_category: "promotional", sections: [{ name: "Product", categories: [bare] }] },
      ],
    });
    expect(body).toMatchObject(inSection(news()));
    expect((await save(management, body)).body).toEqual(body);
    expect((await save(management, { root_categories: [{ root_category: "system" }] })).body).toMatchObject({
      root_categories: EMPTY,
    });
  });

  it("200: keeps everything that a category can have", async ({ management }) => {
    const rich = news({
      description: "Monthly",
      default_preference: "cant_unsubscribe",
      default_mandatory_channels: ["email"],
      default_opt_in_channels: [],
      tags: ["a", "b-c"],
      digest_schedule: {
        enabled: true,
        options: [
          {
            id: "daily",
            label: "Daily",
            frequency: "daily",
            interval: 1,
            time: { edit_policy: "locked", default_value: "09:00" },
            is_default: true,
          },
        ],
      },
      properties: [
        {
          key: "pick",
          label: "Pick",
          value_type: "list_choice",
          is_optional: false,
          choices: [{ value: "a", label: "A" }],
          default_value: ["a"],
          edit_policy: "editable",
        },
      ],
    });
    const { body } = await save(management, inSection(rich), COMMIT);
    expect(body).toMatchObject({ ...inSection(rich), validation_result: VALID });
    expect((await get(management)).body).toMatchObject(inSection(rich));
  });

  it("200: a document with errors stays a draft, and says why", async ({ management }) => {
    const { status, body } = await save(management, inSection(news(), news()), COMMIT);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: "draft",
      committed_at: null,
      validation_result: { is_valid: false, errors: ["category 'news': is there twice"] },
    });
    expect((await get(management)).body).toMatchObject({ root_categories: EMPTY });
  });

  it("200: what live workflows use stays, and is named", async ({ management, hub }) => {
    await save(management, inSection(news()), COMMIT);
    await hub.addWorkflow("letter", { category: "news" });
    const { body } = await save(management, { root_categories: [] }, COMMIT);
    const error =
      'it seems some subcategories have been deleted in this version, on which active workflows are configured. missing subcategories: ["news"]';
    expect(body).toMatchObject({ status: "draft", validation_result: { is_valid: false, errors: [error] } });
    expect(await commit(management)).toEqual({
      status: 400,
      body: { code: 400, message: error, detail: [error] },
    });
  });

  it("400: a commit needs a message", async ({ management }) => {
    const detail = { commit_message: "is a required field" };
    for (const query of ["commit=true", "commit=true&commit_message="]) {
      expect(await save(management, inSection(news()), query)).toEqual({
        status: 400,
        body: { code: 400, message: JSON.stringify(detail), detail },
      });
    }
    expect((await get(management, "draft")).body).toMatchObject({ version_no: 0 });
  });

  it.for<[unknown, string, string]>([
    [{}, "root_categories", "is a required field"],
    [
      inSection(news({ category: "Not a slug" })),
      "root_categories[2].sections[0].categories[0].category",
      "must be lower-case words joined by - or _",
    ],
    [
      inSection(news({ tags: ["Big"] })),
      "root_categories[2].sections[0].categories[0].tags[0]",
      "must be lower-case words joined by -",
    ],
  ])("400: refuses %j at %s", async ([body, field, reason], { management }) => {
    const detail = { [field]: reason };
    expect(await save(management, body)).toEqual({
      status: 400,
      body: { code: 400, message: JSON.stringify(detail), detail },
    });
  });
});

describe("PATCH /v1/{workspace}/preference_category/commit/", () => {
  it("200: puts the draft into effect", async ({ management }) => {
    await save(management, inSection(news()));
    expect(await commit(management, "Go")).toEqual({
      status: 200,
      body: {
        $schema: SCHEMA,
        ...inSection(news()),
        version_no: 1,
        status: "active",
        validation_result: VALID,
        commit_message: "Go",
        committed_at: MICROS,
      },
    });
  });

  it("400: without a draft, also where the same was saved again", async ({ management }) => {
    const expected = { status: 400, body: { code: 400, message: "no uncommitted changes found" } };
    expect(await commit(management)).toEqual(expected);
    await save(management, inSection(news()), COMMIT);
    await save(management, inSection(news()));
    expect(await commit(management)).toEqual(expected);
  });

  it.for(["commit", "commit?commit_message="])("400: without a message: %s", async (path, { management }) => {
    const detail = { commit_message: "is a required field" };
    expect(await management.call("PATCH", `${PATH}/${path}`)).toEqual({
      status: 400,
      body: { code: 400, message: JSON.stringify(detail), detail },
    });
  });
});
