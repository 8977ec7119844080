import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHarness, type Harness } from "../../server/test/harness.ts";
import { type Carillon, createCarillon, createUserTokens } from "../src/index.ts";

/** Objects, lists, preferences, categories and keys by the modern door, against a running server. */
let harness: Harness;
let carillon: Carillon;

beforeAll(async () => {
  harness = await createHarness({ role: "api" });
  const { url, wsKey: key, wsSecret: secret, serviceToken, workspace } = harness;
  carillon = createCarillon({ url, key, secret, serviceToken, workspace: workspace.slug });
  for (const id of ["ada", "grace", "eve"]) await carillon.users.upsert(id, { $email: `${id}@example.com` });
});
afterAll(() => harness.close());

const all = async <Item>(items: AsyncIterable<Item>): Promise<Item[]> => {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
};

describe("objects", () => {
  it("are created, edited, subscribed to, listed and deleted", async () => {
    const { objects } = carillon;
    await objects.upsert("teams", "finance/é", { name: "Finance", $email: "finance@example.com" });
    await objects.upsert("teams", "payroll");
    const edited = await objects.edit("teams", "finance/é", (team) =>
      team.set({ plan: "gold" }).addSms("+14155552671"),
    );
    expect(edited).toMatchObject({
      object_type: "teams",
      id: "finance/é",
      properties: { name: "Finance", plan: "gold" },
    });
    expect(await objects.get("teams", "finance/é")).toEqual(edited);

    const { results } = await objects.subscribe(
      "teams",
      "finance/é",
      ["ada", { distinct_id: "new", $email: "new@example.com" }, { object_type: "teams", id: "payroll" }],
      { properties: { role: "admin" } },
    );
    expect(results).toHaveLength(3);
    const subscriptions = await all(objects.subscriptions("teams", "finance/é", { limit: 2 }));
    expect(subscriptions).toHaveLength(3);
    expect(subscriptions.map(({ properties }) => properties)).toEqual(
      Array.from({ length: 3 }, () => ({ role: "admin" })),
    );
    expect((await all(objects.parents("teams", "payroll"))).map(({ object }) => object.id)).toEqual([
      "finance/é",
    ]);
    expect((await all(carillon.users.objects("ada"))).map(({ object }) => object.id)).toEqual(["finance/é"]);
    await objects.unsubscribe("teams", "finance/é", ["ada"]);
    expect(await all(objects.subscriptions("teams", "finance/é"))).toHaveLength(2);

    expect((await all(objects.list("teams", { limit: 1 }))).map(({ id }) => id)).toEqual([
      "payroll",
      "finance/é",
    ]);
    await objects.delete("teams", "payroll");
    await objects.deleteMany("teams", ["finance/é", "unknown"]);
    await expect(objects.get("teams", "finance/é")).rejects.toMatchObject({ code: "not_found", status: 404 });
  });
});

describe("users", () => {
  it("are merged", async () => {
    await carillon.users.upsert("twin", { nick: "T" });
    expect((await carillon.users.merge("eve", { from: "twin" })).properties).toMatchObject({ nick: "T" });
    await expect(carillon.users.get("twin")).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("lists", () => {
  it("are made, filled, replaced and deleted", async () => {
    const { lists } = carillon;
    expect(await lists.upsert("Beta-Testers", { name: "Beta testers" })).toMatchObject({
      list_id: "beta-testers",
    });
    expect(await lists.add("beta-testers", ["ada", "grace", "nobody"])).toEqual({
      success: true,
      affected_count: 2,
    });
    expect(await lists.remove("beta-testers", ["ada"])).toEqual({ success: true, affected_count: 1 });
    expect((await all(lists.members("beta-testers"))).map(({ distinct_id }) => distinct_id)).toEqual([
      "grace",
    ]);
    expect((await all(carillon.users.lists("grace"))).map(({ list }) => list.list_id)).toContain(
      "beta-testers",
    );
    await lists.replace("beta-testers", ["ada", "eve"]);
    expect(
      (await all(lists.members("beta-testers", { limit: 1 })))
        .map(({ distinct_id }) => distinct_id)
        .toSorted(),
    ).toEqual(["ada", "eve"]);
    const { version_id } = await lists.startSync("beta-testers");
    await lists.addToVersion("beta-testers", version_id ?? "", ["grace"]);
    expect(await lists.version("beta-testers", version_id ?? "")).toMatchObject({ status: "draft" });
    await lists.deleteVersion("beta-testers", version_id ?? "");
    expect((await all(lists.list())).map(({ list_id }) => list_id)).toContain("beta-testers");
    await lists.delete("beta-testers");
  });
});

describe("categories and preferences", () => {
  it("are written, chosen and reset", async () => {
    const { categories, preferences, tenants } = carillon;
    const news = { category: "news", name: "News", default_preference: "opt_in" } as const;
    const document = await categories.save(
      [
        { root_category: "system", sections: [] },
        { root_category: "transactional", sections: [] },
        { root_category: "promotional", sections: [{ name: null, categories: [news] }] },
      ],
      { commit: true, commit_message: "first" },
    );
    expect(document).toMatchObject({ validation_result: { is_valid: true } });
    expect(await categories.get({ mode: "live" })).toMatchObject({ status: "active" });
    await categories.translate("de", { sections: {}, categories: { news: { name: "Neues" } } });
    expect((await categories.locales()).results.map(({ locale }) => locale).toSorted()).toEqual(["de", "en"]);
    expect((await categories.translation("de")).categories.news).toMatchObject({ name: "Neues" });

    const ada = preferences.user("ada");
    expect(await ada.category("news", { locale: "de" })).toMatchObject({
      name: "Neues",
      preference: "opt_in",
    });
    expect(await ada.setCategory("news", { preference: "opt_out" })).toMatchObject({ preference: "opt_out" });
    expect((await all(ada.categories())).map(({ preference }) => preference)).toEqual(["opt_out"]);
    const { channel_preferences } = await ada.setChannels([{ channel: "email", is_restricted: true }]);
    expect(channel_preferences).toContainEqual({ channel: "email", is_restricted: true });
    expect(await ada.channels()).toEqual({ channel_preferences });
    const full = await ada.get({ showOptOutChannels: true });
    expect(full.sections.flatMap(({ subcategories }) => subcategories)).toMatchObject([{ category: "news" }]);
    await preferences.updateMany(["ada", "grace"], {
      categories: [{ category: "news", preference: "opt_out" }],
    });
    const { url } = await preferences.link("ada", { channel: "email", ttl: 3600 });
    const { pathname } = new URL(url);
    expect((await fetch(harness.url + pathname)).status).toBe(200);
    await preferences.resetMany(["ada", "grace"]);
    expect(await ada.category("news")).toMatchObject({ preference: "opt_in", original_preference: null });
    expect(await ada.update({ categories: [{ category: "news", preference: "opt_in" }] })).toMatchObject({
      sections: expect.any(Array),
    });

    await carillon.objects.upsert("teams", "sales");
    expect(await preferences.object("teams", "sales").get()).toMatchObject({ sections: expect.any(Array) });
    await tenants.upsert("acme", { tenant_name: "Acme" });
    const acme = preferences.tenant("acme");
    expect(await acme.setCategory("news", { preference: "opt_out" })).toMatchObject({
      preference: "opt_out",
    });
    expect((await all(acme.categories({ includeDisabled: true }))).map(({ category }) => category)).toEqual([
      "news",
    ]);
    expect(await acme.category("news", { locale: "de" })).toMatchObject({ name: "Neues" });
    expect(await acme.get()).toMatchObject({ root_categories: expect.any(Array) });
    expect(await ada.category("news", { tenant: "acme" })).toMatchObject({ preference: "opt_out" });
    await categories.deleteTranslation("de");
  });
});

describe("keys and workspaces", () => {
  it("are made, changed and taken back", async () => {
    const { keys, workspaces } = carillon;
    const { results } = await workspaces.create({ name: "Load tests" });
    expect(results.length).toBeGreaterThan(1);
    expect((await all(workspaces.list())).length).toBe(results.length);
    const made = await keys.createApiKey({ name: "billing" });
    const other = createCarillon({ url: harness.url, apiKey: made.api_key });
    expect((await other.users.get("ada")).distinct_id).toBe("ada");
    expect((await all(keys.apiKeys())).map(({ id }) => id)).toContain(made.id);
    await keys.deleteApiKey(made.id);
    await expect(other.users.get("ada")).rejects.toMatchObject({ code: "not_authenticated" });
    const shown = await keys.createPublicKey({ name: "web" });
    expect(await keys.securePublicKey(shown.id, true)).toMatchObject({ is_secure_mode_enabled: true });
    const { link_generation } = await keys.rotatePreferenceLinkKey();
    expect(await keys.rotatePreferenceLinkKey({ revoke: true })).toEqual({
      link_generation: link_generation + 1,
      link_oldest_generation: link_generation + 1,
    });
    expect(await keys.restrictPublicKey(shown.id, ["app.example.com"])).toMatchObject({
      allowed_domains: ["app.example.com"],
    });
    const rotated = await keys.rotatePublicKey(shown.id, { expiresAt: new Date(Date.now() + 60_000) });
    expect(rotated.api_key).not.toBe(shown.api_key);
    const active = (await all(keys.signingKeys())).find(({ status }) => status === "active");
    const signing =
      active === undefined
        ? await keys.createSigningKey()
        : await keys.rollSigningKey(active.uid, { expiresAt: new Date(Date.now() + 60_000) });
    // Tokens of both forms of the key, for no tenant, one or several, with both values of the rotated public key.
    for (const [pem, tenant, public_key] of [
      [signing.private_key_pem, undefined, rotated.api_key],
      [signing.private_key_base64, "default", shown.api_key],
      [signing.private_key_pem, ["acme", "default"], rotated.api_key],
    ] as const) {
      const token = await createUserTokens(pem).sign(
        "ada",
        tenant === undefined ? {} : { tenant: [tenant].flat() },
      );
      const answer = await fetch(`${harness.url}/v2/subscriber/ada/channel_preference`, {
        headers: { authorization: public_key, "x-ss-signature": token },
      });
      expect(await answer.json()).toHaveProperty("channel_preferences");
    }
    await keys.deleteSigningKey(signing.uid);
    await keys.deletePublicKey(shown.id);
    expect((await all(keys.publicKeys())).length).toBeGreaterThan(0);
  });
});
