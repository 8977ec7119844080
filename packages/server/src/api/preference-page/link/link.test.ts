import { describe, expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import type { Hub } from "../../../../test/hub.ts";
import { find, furnishPages, on, page, restrict } from "../../../../test/preferences/pages.ts";
import { type LinkClaims, linkExpiry, signLink } from "../../../preferences/hosted/link.ts";

let ann: string;
it.beforeEach(async ({ hub, desk }) => {
  await furnishPages(hub, desk);
  ann = await desk.addUser("ann");
});

const FORM = { "content-type": "application/x-www-form-urlencoded" };

function pathOf(hub: Hub, claims: Partial<LinkClaims> = {}): string {
  const link: LinkClaims = {
    workspace_id: hub.workspace_id,
    recipient_id: ann,
    tenant_id: "default",
    channel: null,
    category: null,
    message_id: null,
    locale: null,
    expires_at: linkExpiry(new Date()),
    ...claims,
  };
  return `/p/${signLink(link, hub.workspace.link_keys)}`;
}

const mailed = (hub: Hub, category = "newsletter", more: Partial<LinkClaims> = {}) =>
  pathOf(hub, { channel: "email", category, message_id: "01JE0000000000000000000000", ...more });

async function get(hub: Hub, url: string, headers: Record<string, string> = {}) {
  const reply = await hub.app.inject({ method: "GET", url, headers });
  return { status: reply.statusCode, text: reply.body, headers: reply.headers };
}

async function post(hub: Hub, url: string, payload: string, headers: Record<string, string> = FORM) {
  const reply = await hub.app.inject({ method: "POST", url, payload, headers });
  return { status: reply.statusCode, text: reply.body, headers: reply.headers };
}

/** Presses a button; returns the button that takes it back. */
async function press(hub: Hub, path: string, action: string): Promise<string | null> {
  const { status, headers } = await post(hub, path, new URLSearchParams({ do: action }).toString());
  expect(status).toBe(303);
  return new URLSearchParams(String(headers.location).replace(/#.*/, "")).get("undo");
}

const changes = (hub: Hub) =>
  hub.services.db.query(
    "select source, via, category, channel, change, message_id from preference_change where workspace_id = $1 order by id",
    [hub.workspace_id],
  );

const ONE_CLICK = "List-Unsubscribe=One-Click";

describe("GET /p/:token/", () => {
  it("200: is the person's page, which nothing keeps, frames, indexes or can run scripts in", async ({
    hub,
  }) => {
    const { status, text, headers } = await get(hub, pathOf(hub));
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "content-language": "en",
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "x-robots-tag": "noindex, nofollow",
      "x-content-type-options": "nosniff",
    });
    expect(headers).not.toHaveProperty("set-cookie");
    const policy = String(headers["content-security-policy"]);
    const [nonce] = /(?<=script-src 'nonce-)[^']+/.exec(policy) ?? [];
    expect(policy).toBe(
      `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
    );
    expect(text).not.toMatch(/\sstyle=|\son\w+=|javascript:/);
    for (const name of ["Newsletter", "Beta", "Loose", "Alerts", "Summary", "Product Updates"]) {
      expect(text).toContain(name);
    }
    // Scripts and all: a phone on a slow line has it in one breath.
    expect(/<script[^>]*>([^]*?)<\/script>/.exec(text)?.[1]?.length).toBeLessThan(10_240);
  });

  it("200: changes nothing, by HEAD neither, whatever the query says", async ({ hub }) => {
    for (const method of ["GET", "HEAD"] as const) {
      for (const path of [`${mailed(hub)}/one-click`, mailed(hub)]) {
        const url = `${path}?undo=category/newsletter/off&do=category/newsletter/off`;
        expect((await hub.app.inject({ method, url })).statusCode).toBe(200);
      }
    }
    expect(find(await page(hub), "newsletter")).toMatchObject({ original_preference: null });
    expect(await changes(hub)).toEqual([]);
  });

  it("200: begins with the category of the message, and shows its channel alone", async ({ hub }) => {
    const { text } = await get(hub, mailed(hub, "loose"));
    expect(text.indexOf("The notification you came from")).toBeLessThan(text.indexOf(">Loose<"));
    expect(text.indexOf(">Loose<")).toBeLessThan(text.indexOf(">Newsletter<"));
    expect(text).toContain("These choices are for: Email");
    expect(text).toContain('value="channel/newsletter/email/off"');
    expect(text).not.toContain("category/newsletter");
    expect(text).not.toContain("/sms/");
    expect(text).toContain('value="all/email/off"');
  });

  it("200: has what cannot be turned off without a switch, and says why", async ({ hub }) => {
    const { text } = await get(hub, mailed(hub, "alerts"));
    const [card = ""] = /<li id="c-alerts">[^]*?<\/li>/.exec(text) ?? [];
    expect(card).not.toContain("<button");
    expect(card).toContain("Always on: this is needed for your account.");
    await restrict(hub, { email: true });
    const restricted = await get(hub, mailed(hub));
    expect(/<li id="c-newsletter">[^]*?<\/li>/.exec(restricted.text)?.[0]).toContain(
      "Off here, because the channel is off for everything.",
    );
    expect(restricted.text).toContain('value="all/email/on"');
  });

  it("200: leaves out what the tenant hides", async ({ hub }) => {
    const hidden = { visible_to_subscriber: false };
    await hub.call("PATCH", "/v1/tenant/default/preference/category/newsletter/", hidden);
    expect((await get(hub, mailed(hub))).text).not.toContain("Newsletter");
  });

  it("200: wears the tenant's name, logo and colour, and escapes all of it", async ({ hub, desk }) => {
    await desk.addTenant("acme");
    await hub.call("POST", "/v1/tenant/acme/", {
      tenant_name: `A & B "quoted" ' names`,
      logo: "https://cdn.acme.example/logo.png?a=1&b=2",
      primary_color: "#ffee00",
    });
    const { text, headers } = await get(hub, pathOf(hub, { tenant_id: "acme" }));
    expect(text).toContain("A &amp; B &quot;quoted&quot; &apos; names");
    expect(text).toContain('src="https://cdn.acme.example/logo.png?a=1&amp;b=2"');
    expect(headers["content-security-policy"]).toContain("img-src https://cdn.acme.example;");
    expect(text).toContain("#ffee00");
  });

  it.for([
    [{ lang: "fr" }, {}, "fr"],
    [{}, { locale: "de-AT" }, "de"],
    [{ lang: "xx" }, { locale: "de" }, "de"],
    [{}, {}, "ja"],
  ] as const)("200: with %j and %j is in %s", async ([query, claims, code], { hub }) => {
    const url = `${pathOf(hub, claims)}?${new URLSearchParams(query).toString()}`;
    const { headers } = await get(hub, url, { "accept-language": "tlh, ja;q=0.8, en;q=0.5" });
    expect(headers["content-language"]).toBe(code);
  });

  it("200: is in the language of the person's profile, right to left where that is read so", async ({
    hub,
  }) => {
    await hub.call("POST", "/v1/user/ann/", { $locale: "ar_EG" });
    const { text } = await get(hub, pathOf(hub), { "accept-language": "en" });
    expect(text).toContain('<html lang="ar" dir="rtl">');
    expect(text).toContain("تفضيلات الإشعارات");
  });

  it("200: names categories in the variety of the language that was asked for", async ({
    hub,
    management: m,
  }) => {
    const content = { sections: {}, categories: { newsletter: { name: "Noticias", description: null } } };
    const saved = await m.call("POST", "preference_category/translation/content/es-AR/", content);
    expect(saved.status).toBe(200);
    const { text, headers } = await get(hub, pathOf(hub, { locale: "es-AR" }));
    expect(headers["content-language"]).toBe("es");
    expect(text).toContain("Noticias");
    expect((await get(hub, pathOf(hub, { locale: "es-MX" }))).text).not.toContain("Noticias");
  });

  it("200: follows its person through a merge", async ({ hub, desk }) => {
    await desk.addUser("anna");
    const path = mailed(hub);
    expect((await hub.call("POST", "/v1/user/anna/merge/", { from_user_id: "ann" })).status).toBe(201);
    expect((await get(hub, path)).status).toBe(200);
    await press(hub, path, "channel/newsletter/email/off");
    expect(on(find(await page(hub, "", "/v1/user/anna/preference/"), "newsletter"))).not.toContain("email");
  });

  it("404: is the same page for a link that is wrong, expired, of somebody who is gone, or of a tenant that is gone", async ({
    hub,
    desk,
  }) => {
    const good = pathOf(hub);
    const gone = await desk.addUser("gone");
    await hub.call("DELETE", "/v1/user/gone/");
    const paths = [
      `${good.slice(0, -1)}${good.endsWith("A") ? "B" : "A"}`,
      "/p/x",
      "/p/x.y/one-click",
      pathOf(hub, { expires_at: new Date(Date.now() - 1000) }),
      pathOf(hub, { recipient_id: gone }),
      pathOf(hub, { tenant_id: "nobody" }),
      pathOf(hub, { workspace_id: 2_147_483_647 }),
    ];
    const pages = [];
    for (const path of paths) {
      const { status, text } = await get(hub, path);
      expect(status).toBe(404);
      pages.push(text.replaceAll(/nonce="[^"]*"|action="[^"]*"/g, ""));
    }
    expect(new Set(pages).size).toBe(1);
    expect(pages[0]).toContain("Send me a new link");
    expect(pages[0]).not.toMatch(/ann|Test/);
  });
});

describe("POST /p/:token/", () => {
  it("303: turns a category off and, by its undo, on again", async ({ hub }) => {
    const undo = await press(hub, pathOf(hub), "category/newsletter/off");
    expect(find(await page(hub), "newsletter")).toMatchObject({ preference: "opt_out" });
    expect(undo).toBe("category/newsletter/on");
    await press(hub, pathOf(hub), undo ?? "");
    expect(find(await page(hub), "newsletter")).toMatchObject({ preference: "opt_in" });
    expect(await changes(hub)).toMatchObject([
      { source: "hosted_page", via: "page", category: "newsletter", channel: null, change: "opt_out" },
      { category: "newsletter", change: "opt_in" },
    ]);
  });

  it("303: of a link from a mail turns off what comes by mail, and nothing else", async ({ hub }) => {
    const before = on(find(await page(hub), "newsletter"));
    const undo = await press(hub, mailed(hub), "channel/newsletter/email/off");
    const after = find(await page(hub), "newsletter");
    expect(after).toMatchObject({ preference: "opt_in" });
    expect(on(after)).toEqual(before?.filter((channel) => channel !== "email"));
    expect(await changes(hub)).toEqual([
      {
        source: "hosted_page",
        via: "page",
        category: "newsletter",
        channel: "email",
        change: "opt_out",
        message_id: "01JE0000000000000000000000",
      },
    ]);
    await press(hub, mailed(hub), undo ?? "");
    expect(on(find(await page(hub), "newsletter"))).toEqual(before);
  });

  it("303: turns one channel of a category on that is off, and only that", async ({ hub }) => {
    const undo = await press(hub, mailed(hub, "beta"), "channel/beta/email/on");
    expect(on(find(await page(hub, "?show_opt_out_channels=true"), "beta"))).toEqual(["email"]);
    expect(undo).toBe("category/beta/off");
  });

  it("303: turns a category on whose channels are all off", async ({ hub }) => {
    await press(hub, mailed(hub, "beta"), "channel/beta/email/on");
    await press(hub, mailed(hub, "beta"), "channel/beta/email/off");
    await press(hub, pathOf(hub), "category/beta/off");
    await press(hub, pathOf(hub), "category/beta/on");
    expect(on(find(await page(hub), "beta"))).not.toEqual([]);
  });

  it("303: turns a channel off and on for everything", async ({ hub }) => {
    const undo = await press(hub, mailed(hub), "all/email/off");
    expect((await page(hub)).channel_preferences).toContainEqual({ channel: "email", is_restricted: true });
    await press(hub, mailed(hub), undo ?? "");
    expect((await page(hub)).channel_preferences).toContainEqual({ channel: "email", is_restricted: false });
  });

  it("303: chooses how often digests come", async ({ hub }) => {
    const shown = await get(hub, pathOf(hub));
    const [, option = ""] =
      /value="frequency\/summary\/([\w-]+)"[^>]*aria-pressed="false"/.exec(shown.text) ?? [];
    const undo = await press(hub, pathOf(hub), `frequency/summary/${option}`);
    expect(find(await page(hub), "summary")).toMatchObject({ digest_schedule: { id: option } });
    expect(undo).toMatch(/^frequency\/summary\/daily/);
  });

  it("303: is idempotent, and notes a change once", async ({ hub }) => {
    await press(hub, pathOf(hub), "category/newsletter/off");
    expect(await press(hub, pathOf(hub), "category/newsletter/off")).toBeNull();
    expect(await changes(hub)).toHaveLength(1);
  });

  it.for([
    "category/alerts/off",
    "channel/alerts/email/off",
    "category/nothing/off",
    "channel/newsletter/pigeon/off",
    "frequency/summary/hourly",
    "frequency/newsletter/daily",
    "category/newsletter/maybe",
    "category/newsletter",
    "renew",
    "",
  ])("303: changes nothing by %j", async (action, { hub }) => {
    const before = await page(hub, "?show_opt_out_channels=true");
    expect(await press(hub, pathOf(hub), action)).toBeNull();
    expect(await page(hub, "?show_opt_out_channels=true")).toEqual(before);
    expect(await changes(hub)).toEqual([]);
  });

  it("303: changes a mandatory category's other channels", async ({ hub }) => {
    await press(hub, pathOf(hub), "channel/alerts/inbox/off");
    expect(on(find(await page(hub), "alerts"))).toEqual(["email"]);
  });

  it("400: a link from a mail changes no other channel and no whole category", async ({ hub }) => {
    for (const action of ["channel/newsletter/sms/off", "category/newsletter/off", "all/sms/off"]) {
      const { status } = await post(hub, mailed(hub), new URLSearchParams({ do: action }).toString());
      expect(status).toBe(400);
    }
    expect(await changes(hub)).toEqual([]);
  });

  it("404: a link that is wrong or expired changes nothing", async ({ hub }) => {
    const expired = pathOf(hub, { expires_at: new Date(Date.now() - 1000) });
    for (const path of [expired, "/p/x.y"]) {
      expect(await post(hub, path, "do=category%2Fnewsletter%2Foff")).toMatchObject({ status: 404 });
    }
    expect(await changes(hub)).toEqual([]);
  });

  it("is exported with what is held about the person, and gone with the person", async ({ hub }) => {
    await press(hub, mailed(hub), "channel/newsletter/email/off");
    const { json } = await hub.call("GET", "/v1/user/ann/export/");
    expect(json).toMatchObject({
      preferences: { changes: [{ source: "hosted_page", category: "newsletter", channel: "email" }] },
    });
    await hub.call("DELETE", "/v1/user/ann/");
    expect(await changes(hub)).toEqual([]);
  });
});

describe("POST /p/:token/one-click/", () => {
  const click = (hub: Hub, path: string, body = ONE_CLICK, headers?: Record<string, string>) =>
    post(hub, `${path}/one-click`, body, headers);

  it("200: opts out of a promotional category, once and for all", async ({ hub }) => {
    for (let time = 0; time < 3; time++) expect(await click(hub, mailed(hub))).toMatchObject({ status: 200 });
    expect(find(await page(hub), "newsletter")).toMatchObject({ preference: "opt_out" });
    expect(await changes(hub)).toEqual([
      {
        source: "hosted_page",
        via: "one_click",
        category: "newsletter",
        channel: null,
        change: "opt_out",
        message_id: "01JE0000000000000000000000",
      },
    ]);
  });

  it("200: opts out of the channel in a category of another root", async ({ hub }) => {
    expect(await click(hub, mailed(hub, "summary"))).toMatchObject({ status: 200 });
    const summary = find(await page(hub), "summary");
    expect(summary).toMatchObject({ preference: "opt_in" });
    expect(on(summary)).not.toContain("email");
  });

  it("200: turns the channel off where the root itself is the category", async ({ hub }) => {
    expect(await click(hub, mailed(hub, "promotional"))).toMatchObject({ status: 200 });
    expect((await page(hub)).channel_preferences).toContainEqual({ channel: "email", is_restricted: true });
  });

  it.for(["alerts", "system", "gone"])("200: leaves %s as it is", async (category, { hub }) => {
    const before = await page(hub);
    expect(await click(hub, mailed(hub, category))).toMatchObject({ status: 200 });
    expect(await page(hub)).toEqual(before);
  });

  it("200: takes the form in either encoding, and works after the link has expired", async ({ hub }) => {
    const body = `--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n`;
    const path = mailed(hub, "newsletter", { expires_at: new Date(0) });
    const headers = { "content-type": "multipart/form-data; boundary=x" };
    expect(await click(hub, path, body, headers)).toMatchObject({ status: 200 });
    expect(find(await page(hub), "newsletter")).toMatchObject({ preference: "opt_out" });
  });

  it.for(["", "List-Unsubscribe=Two-Clicks", "do=category/newsletter/off", "{}"])(
    "400: does nothing for %j",
    async (body, { hub }) => {
      expect(await click(hub, mailed(hub), body)).toMatchObject({ status: 400 });
      expect(await changes(hub)).toEqual([]);
    },
  );

  it("404: does nothing for a link that is wrong", async ({ hub }) => {
    expect(await click(hub, "/p/x.y")).toMatchObject({ status: 404 });
  });
});
