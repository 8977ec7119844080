import { describe, expect } from "vitest";
import { onApi as it } from "../../../../../test/fixture.ts";
import { createHub } from "../../../../../test/hub.ts";
import { createManagement, type Management } from "../../../../../test/management.ts";

const PATH = "preference_category/translation";
const NONE = { name: null, description: null };

const get = (management: Management, locale: string) => management.call("GET", `${PATH}/content/${locale}`);
const save = (management: Management, locale: string, body: unknown) =>
  management.call("POST", `${PATH}/content/${locale}`, body);
const remove = (management: Management, locale: string) =>
  management.call("DELETE", `${PATH}/content/${locale}`);
const locales = async (management: Management) => (await management.call("GET", `${PATH}/locale`)).body;

const document = (...slugs: string[]) => ({
  root_categories: [
    {
      root_category: "promotional",
      sections: [
        {
          name: "Product Updates",
          categories: slugs.map((category) => ({ category, name: category, default_preference: "opt_in" })),
        },
        { categories: [{ category: "loose", name: "Loose", default_preference: "opt_in" }] },
      ],
    },
  ],
});

it.beforeEach(async ({ management }) => {
  await management.call("POST", "preference_category?commit=true&commit_message=test", document("news"));
});

describe("translations of categories", () => {
  it("GET 200: the languages, English always among them", async ({ management }) => {
    expect(await locales(management)).toEqual({ results: [{ locale: "en" }] });
    await save(management, "es_ar", {});
    await save(management, "de", {});
    expect(await locales(management)).toEqual({
      results: [{ locale: "de" }, { locale: "en" }, { locale: "es-AR" }],
    });
  });

  it("POST 200: are stored, and shown with everything that is not translated", async ({ management }) => {
    const { status, body } = await save(management, "es", {
      sections: { "product-updates": { name: "Novedades", description: "Lo nuevo" } },
      categories: { news: { name: "Boletín" } },
    });
    expect(status).toBe(200);
    expect(body).toEqual({
      sections: { "product-updates": { name: "Novedades", description: "Lo nuevo" } },
      categories: { news: { name: "Boletín", description: null }, loose: NONE },
    });
    expect(await get(management, "es")).toEqual({ status: 200, body });
  });

  it("POST 200: keep what is not sent, and lose what is null", async ({ management }) => {
    await save(management, "es", {
      sections: { "product-updates": { name: "Novedades" } },
      categories: { news: { name: "Boletín", description: "Cada mes" }, loose: { name: "Suelto" } },
    });
    const { body } = await save(management, "es", {
      sections: null,
      categories: { news: { description: null }, loose: null },
    });
    expect(body).toEqual({
      sections: { "product-updates": { name: "Novedades", description: null } },
      categories: { news: { name: "Boletín", description: null }, loose: NONE },
    });
    // What is answered may be sent back.
    expect((await save(management, "es", body)).body).toEqual(body);
  });

  it("POST 200: of two at once, both are kept", async ({ management }) => {
    const slugs = Array.from({ length: 8 }, (_unused, index) => `c${index}`);
    await Promise.all(
      slugs.map((slug) => save(management, "es", { categories: { [slug]: { name: slug } } })),
    );
    const { body } = await get(management, "es");
    expect(body).toMatchObject({
      categories: Object.fromEntries(slugs.map((slug) => [slug, { name: slug, description: null }])),
    });
  });

  it("know the draft's categories too, and keep what waits for one", async ({ management }) => {
    await management.call("POST", "preference_category", document("news", "soon"));
    const { body } = await save(management, "es", { categories: { later: { name: "Luego" } } });
    expect(body).toMatchObject({ categories: { soon: NONE, later: { name: "Luego", description: null } } });
  });

  it("GET 200: English is there before anybody writes it", async ({ management }) => {
    expect(await get(management, "en")).toEqual({
      status: 200,
      body: { sections: { "product-updates": NONE }, categories: { news: NONE, loose: NONE } },
    });
  });

  it("DELETE 204: are gone", async ({ management }) => {
    await save(management, "es-AR", {});
    expect(await remove(management, "es_AR")).toEqual({ status: 204, body: null });
    const missing = { status: 404, body: { code: 404, message: "translation not found for locale: es-AR" } };
    expect(await get(management, "es-AR")).toEqual(missing);
    expect(await remove(management, "es-AR")).toEqual(missing);
    expect(await locales(management)).toEqual({ results: [{ locale: "en" }] });
  });

  it.for(["apl", "english", "e", "es-ARG", "x%2Fy"])(
    "400: refuse the locale %s",
    async (locale, { management }) => {
      const message = `invalid/unsupported locale: '${decodeURIComponent(locale)}'`;
      const expected = { status: 400, body: { code: 400, message } };
      expect(await get(management, locale)).toEqual(expected);
      expect(await save(management, locale, {})).toEqual(expected);
      expect(await remove(management, locale)).toEqual(expected);
    },
  );

  it("POST 400: refuse what is no text, by its place", async ({ management }) => {
    expect(await save(management, "es", { categories: { news: { name: 7 } } })).toMatchObject({
      status: 400,
      body: { code: 400, detail: { "categories.news.name": expect.any(String) } },
    });
    expect(await save(management, "es", "[")).toEqual({
      status: 400,
      body: { code: 400, message: "BAD REQUEST" },
    });
  });

  it("are nobody else's", async ({ management, harness }) => {
    await save(management, "es", { categories: { news: { name: "Boletín" } } });
    const other = await createHub(harness);
    expect(await get(createManagement(other, other.workspace), "es")).toMatchObject({ status: 404 });
  });
});
