import { Secret, TOTP } from "otpauth";
import { describe, expect } from "vitest";
import { insertVendor } from "../../delivery/vendor-table.ts";
import { createSecretBox } from "../../workspaces/crypto.ts";
import { serveMail } from "../../../test/outside/smtp.ts";
import { createBrowser, signedIn } from "../../../test/outside/browser.ts";
import { onOwnApi as it } from "../../../test/fixture.ts";
import { createHarness, type Harness, SECRET_KEY, until } from "../../../test/harness.ts";

const PASSWORD = "a long enough password";
const EVERYWHERE = [{ workspace: null, role: "admin" }];

/** A server that others can reach, and what its log says. */
async function reachable(env: Record<string, string> = {}): Promise<Harness> {
  return createHarness({ role: "api", env: { PUBLIC_URL: "https://notify.example.com", ...env } });
}

/** Somebody who signs in with a password. */
async function withPassword(harness: Harness, email: string) {
  const browser = await signedIn(harness, EVERYWHERE, email);
  await browser.call("PATCH", "/v1/people/me/", { password: PASSWORD });
  return browser;
}

describe("POST /v1/auth/local/", () => {
  it("200: the first visit at this machine is signed in as Admin of everything, until there is a password", async ({
    harness,
  }) => {
    const browser = createBrowser(harness);
    expect((await browser.call("GET", "/v1/auth/session/")).body).toEqual({
      member: null,
      session_id: null,
      signs_in_locally: true,
    });
    const { status, body } = await browser.call("POST", "/v1/auth/local/");
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { member: { name: "Owner", has_password: false, roles: [{ workspace: null, role: "admin" }] } },
    });
    expect(browser.attributes.get("carillon_session")).toBe(
      "Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax",
    );
    expect((await browser.call("GET", "/v1/workspace/")).body).toMatchObject({
      results: [{ slug: "staging" }],
    });

    const again = createBrowser(harness);
    expect((await again.call("POST", "/v1/auth/local/")).body.member.id).toBe(body.member.id);

    await browser.call("PATCH", "/v1/people/me/", {
      email: "Ada@Example.com",
      name: "Ada",
      password: PASSWORD,
    });
    expect(await createBrowser(harness).call("POST", "/v1/auth/local/")).toMatchObject({
      status: 403,
      body: { message: "somebody has a password: sign in with yours" },
    });
    expect((await again.call("GET", "/v1/auth/session/")).body).toMatchObject({
      member: null,
      signs_in_locally: false,
    });
    expect(
      await createBrowser(harness).call("POST", "/v1/auth/password/", {
        email: "ada@example.com",
        password: PASSWORD,
      }),
    ).toMatchObject({ status: 200, body: { member: { email: "ada@example.com", name: "Ada" } } });
  });

  const ELSEWHERE: [string, Parameters<typeof createBrowser>[1]][] = [
    ["another machine", { peer: "192.168.1.7" }],
    ["a name that was pointed at this machine (DNS rebinding)", { host: "evil.example:3000" }],
    ["a proxy on this machine", { headers: { "x-forwarded-for": "203.0.113.9" } }],
    ["a proxy on this machine that says so otherwise", { headers: { via: "1.1 proxy" } }],
  ];

  it.for(ELSEWHERE)("403: from %s", async ([, options], { harness }) => {
    const answer = await createBrowser(harness, options).call("POST", "/v1/auth/local/");
    expect(answer).toMatchObject({ status: 403, body: { error_code: "permission_denied" } });
    expect(answer.headers["set-cookie"]).toBeUndefined();
  });

  it("403: for a page of another site, whatever the connection is", async ({ harness }) => {
    const answer = await createBrowser(harness).call("POST", "/v1/auth/local/", undefined, {
      origin: "https://evil.example",
    });
    expect(answer).toMatchObject({ status: 403 });
  });

  it("403: where the server is known by another address, or stands after proxies", async () => {
    for (const env of [
      { PUBLIC_URL: "https://notify.example.com" },
      { TRUSTED_PROXIES: "127.0.0.1" },
    ] as Record<string, string>[]) {
      const harness = await createHarness({ role: "api", env });
      try {
        expect((await createBrowser(harness).call("POST", "/v1/auth/local/")).status).toBe(403);
      } finally {
        await harness.close();
      }
    }
  });
});

describe("POST /v1/auth/setup/", () => {
  it("200: the link of the log makes the first admin, once", async () => {
    const harness = await reachable();
    try {
      const token = await harness.services.people.signIn.makeSetupToken();
      const browser = createBrowser(harness, { host: "notify.example.com" });
      const body = { token, email: "ada@example.com", name: "Ada", password: PASSWORD };
      const headers = { origin: "https://notify.example.com" };
      expect((await browser.call("POST", "/v1/auth/setup/", { ...body, token: "x" }, headers)).status).toBe(
        401,
      );
      expect(
        (await browser.call("POST", "/v1/auth/setup/", { ...body, password: "short" }, headers)).body,
      ).toMatchObject({ message: expect.stringContaining("password") });
      expect(await browser.call("POST", "/v1/auth/setup/", body, headers)).toMatchObject({
        status: 200,
        body: { member: { email: "ada@example.com", roles: [{ workspace: null, role: "admin" }] } },
      });
      expect(browser.attributes.get("__Host-carillon_session")).toBe(
        "Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure",
      );
      expect((await browser.call("POST", "/v1/auth/setup/", body, headers)).status).toBe(401);
      expect(await harness.services.people.signIn.makeSetupToken()).toBeNull();
    } finally {
      await harness.close();
    }
  });
});

describe("POST /v1/auth/password/", () => {
  it("401: says the same for a wrong password and for nobody", async ({ harness }) => {
    await withPassword(harness, "known@example.com");
    const answers = await Promise.all(
      ["known@example.com", "nobody@example.com"].map((email) =>
        createBrowser(harness).call("POST", "/v1/auth/password/", { email, password: "wrong" }),
      ),
    );
    const refusal = {
      status: 401,
      body: {
        code: 401,
        error_code: "sign_in_failed",
        type: "SignInFailed",
        message: "the e-mail address or the password is wrong",
      },
    };
    expect(answers).toMatchObject([refusal, refusal]);
  });

  it("429: after ten wrong ones, for strangers and not for the owner's own browser", async ({ harness }) => {
    const owner = await withPassword(harness, "guessed@example.com");
    const guess = () =>
      createBrowser(harness, { peer: "198.51.100.7" }).call("POST", "/v1/auth/password/", {
        email: "guessed@example.com",
        password: "wrong",
      });
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 11; attempt++) statuses.push((await guess()).status);
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429]);
    expect((await guess()).headers["retry-after"]).toBeDefined();
    // Nobody gets in by going on from another address, and who has been here before does.
    const elsewhere = createBrowser(harness, { peer: "203.0.113.5" });
    const given = { email: "guessed@example.com", password: PASSWORD };
    expect((await elsewhere.call("POST", "/v1/auth/password/", given)).status).toBe(429);
    expect((await owner.call("POST", "/v1/auth/password/", given)).status).toBe(200);
  });

  it("counts attempts that run side by side", async ({ harness }) => {
    const tries = Array.from({ length: 20 }, () =>
      createBrowser(harness, { peer: "198.51.100.8" }).call("POST", "/v1/auth/password/", {
        email: "many@example.com",
        password: "wrong",
      }),
    );
    const statuses = (await Promise.all(tries)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(10);
  });

  it("starts a session of its own: one that was planted in the browser is worth nothing (session fixation)", async ({
    harness,
  }) => {
    const victim = await withPassword(harness, "victim@example.com");
    const planted = victim.cookies.get("carillon_session") ?? "";
    await victim.call("POST", "/v1/auth/password/", { email: "victim@example.com", password: PASSWORD });
    expect(victim.cookies.get("carillon_session")).not.toBe(planted);
    const attacker = createBrowser(harness);
    attacker.cookies.set("carillon_session", planted);
    expect((await attacker.call("GET", "/v1/workspace/")).status).toBe(401);
    const madeUp = createBrowser(harness);
    madeUp.cookies.set("carillon_session", "chosen-by-somebody-else");
    await madeUp.call("POST", "/v1/auth/password/", { email: "victim@example.com", password: PASSWORD });
    expect(madeUp.cookies.get("carillon_session")).not.toBe("chosen-by-somebody-else");
  });

  it("asks for the code of the authenticator app, and takes each once; a recovery code stands in", async ({
    harness,
  }) => {
    const browser = await withPassword(harness, "totp@example.com");
    const { body } = await browser.call("POST", "/v1/people/me/totp/");
    expect(body.uri).toContain("otpauth://totp/Carillon:totp%40example.com");
    const totp = new TOTP({ secret: Secret.fromBase32(body.secret as string) });
    // The step before: the next one is then good for signing in.
    const code = (shift: number) => totp.generate({ timestamp: Date.now() + shift * 30_000 });
    expect((await browser.call("PUT", "/v1/people/me/totp/", { totp: "000000" })).status).toBe(403);
    const enabled = await browser.call("PUT", "/v1/people/me/totp/", { totp: code(-1) });
    expect(enabled.body.recovery_codes).toHaveLength(10);

    const given = { email: "totp@example.com", password: PASSWORD };
    const enter = async (factor: object) =>
      (await createBrowser(harness).call("POST", "/v1/auth/password/", { ...given, ...factor })).body;
    expect(await enter({})).toMatchObject({ error_code: "second_factor_required" });
    const [first] = enabled.body.recovery_codes as string[];
    const current = code(0);
    expect(await enter({ totp: current })).toMatchObject({ member: { has_totp: true } });
    expect(await enter({ totp: current })).toMatchObject({ error_code: "sign_in_failed" });
    expect(await enter({ recovery_code: first?.toUpperCase() })).toMatchObject({ member: {} });
    expect(await enter({ recovery_code: first })).toMatchObject({ error_code: "sign_in_failed" });
    expect((await browser.call("DELETE", "/v1/people/me/totp/", { totp: current })).status).toBe(403);
    const [, second] = enabled.body.recovery_codes as string[];
    expect((await browser.call("DELETE", "/v1/people/me/totp/", { recovery_code: second })).status).toBe(204);
    expect(await enter({})).toMatchObject({ member: { has_totp: false } });
  });

  it("hashes again, with today's parameters, what was hashed with others", async ({ harness }) => {
    await withPassword(harness, "old@example.com");
    const { db } = harness.services;
    // "a long enough password", with half of the memory.
    const { argon2Sync } = await import("node:crypto");
    const nonce = Buffer.alloc(16, 7);
    const tag = argon2Sync("argon2id", {
      message: PASSWORD,
      nonce,
      memory: 1024,
      passes: 1,
      parallelism: 1,
      tagLength: 32,
    });
    const old = `$argon2id$v=19$m=1024,t=1,p=1$${nonce.toString("base64").replace(/=+$/, "")}$${tag.toString("base64").replace(/=+$/, "")}`;
    await db.query("update member set password_hash = $1 where email = 'old@example.com'", [old]);
    const given = { email: "old@example.com", password: PASSWORD };
    expect((await createBrowser(harness).call("POST", "/v1/auth/password/", given)).status).toBe(200);
    const [row] = await db.query<{ password_hash: string }>(
      "select password_hash from member where email = 'old@example.com'",
    );
    expect(row?.password_hash).toMatch(/^\$argon2id\$v=19\$m=47104,t=1,p=1\$/);
    expect((await createBrowser(harness).call("POST", "/v1/auth/password/", given)).status).toBe(200);
  });
});

describe("POST /v1/auth/code/", () => {
  /** The code of a challenge, by trying what its hash says. */
  async function codeOf(harness: Harness, challenge: string): Promise<string> {
    const [row] = await harness.services.db.query<{ code: string }>(
      `select lpad(n::text, 6, '0') as code from sign_in_code c, generate_series(0, 999999) n
        where c.challenge = sha256($1::bytea) and c.hash = sha256(($2 || ':' || lpad(n::text, 6, '0'))::bytea)`,
      [Buffer.from(challenge), challenge],
    );
    return row?.code ?? "";
  }

  it("202: the same for everybody; the code is good once, with its challenge", async ({ harness }) => {
    await signedIn(harness, EVERYWHERE, "mail@example.com");
    const browser = createBrowser(harness);
    const asked = await browser.call("POST", "/v1/auth/code/", { email: "Mail@example.com" });
    const nobody = await browser.call("POST", "/v1/auth/code/", { email: "nobody2@example.com" });
    expect([asked.status, nobody.status]).toEqual([202, 202]);
    expect(Object.keys(asked.body)).toEqual(Object.keys(nobody.body));
    const { challenge } = asked.body as { challenge: string };
    const code = await codeOf(harness, challenge);
    const verify = async (given: object) =>
      createBrowser(harness).call("POST", "/v1/auth/code/verify/", { email: "mail@example.com", ...given });
    expect(code).toMatch(/^\d{6}$/);
    expect((await verify({ challenge: nobody.body.challenge, code })).status).toBe(401);
    expect((await verify({ challenge, code })).body).toMatchObject({ member: { email: "mail@example.com" } });
    expect((await verify({ challenge, code })).status).toBe(401);
  });

  it("mails the code through the first workspace that can send e-mail, and no log keeps it", async ({
    harness,
  }) => {
    await using mailServer = await serveMail();
    const { db, ids } = harness.services;
    const { workspace_id } = harness.workspace;
    const config = {
      host: "127.0.0.1",
      port: mailServer.port,
      encryption: "none",
      from_email: "hello@acme.test",
    };
    const settings = {
      workspace_id,
      channel: "email",
      vendor_slug: "smtp-email",
      nickname: "",
      config,
    } as const;
    const vendor = await insertVendor(db, settings, createSecretBox(SECRET_KEY), ids);
    await db.query(
      "update vendor_route set vendor_config_id = $2 where workspace_id = $1 and channel = 'email'",
      [workspace_id, vendor],
    );
    await signedIn(harness, EVERYWHERE, "real@example.com");
    const email = "real@example.com";
    const { challenge } = (await createBrowser(harness).call("POST", "/v1/auth/code/", { email })).body as {
      challenge: string;
    };
    const mail = await until(async () => mailServer.mails[0]);
    expect(mail.to).toEqual(["real@example.com"]);
    const [, code] = /is (\d{6})\./.exec(mail.raw) ?? [];
    const entered = await createBrowser(harness).call("POST", "/v1/auth/code/verify/", {
      email,
      challenge,
      code,
    });
    expect(entered.status).toBe(200);
    expect(await db.query("select 1 from message")).toEqual([]);
  });

  it("401: after five wrong codes the right one is too late", async ({ harness }) => {
    await signedIn(harness, EVERYWHERE, "five@example.com");
    const { challenge } = (
      await createBrowser(harness).call("POST", "/v1/auth/code/", { email: "five@example.com" })
    ).body as { challenge: string };
    const code = await codeOf(harness, challenge);
    const wrong = code === "000000" ? "000001" : "000000";
    const verify = async (tried: string) =>
      (
        await createBrowser(harness).call("POST", "/v1/auth/code/verify/", {
          email: "five@example.com",
          challenge,
          code: tried,
        })
      ).body as unknown;
    for (let attempt = 0; attempt < 5; attempt++) {
      expect(await verify(wrong)).toMatchObject({ error_code: "sign_in_failed" });
    }
    expect(await verify(code)).toMatchObject({ error_code: "sign_in_failed" });
  });

  it("429: one account gets five mails, then one in twelve minutes", async ({ harness }) => {
    const statuses: number[] = [];
    for (let time = 0; time < 6; time++) {
      const ask = { email: "flooded@example.com" };
      statuses.push((await createBrowser(harness).call("POST", "/v1/auth/code/", ask)).status);
    }
    expect(statuses).toEqual([202, 202, 202, 202, 202, 429]);
  });
});

describe("a session", () => {
  it("403: does nothing for a page of another site, or for no page at all (CSRF)", async ({ harness }) => {
    const browser = await signedIn(harness, EVERYWHERE);
    const make = (headers: Record<string, string>) =>
      browser.call("POST", "/v1/workspace/", { name: "Made by another" }, headers);
    for (const origin of [
      "https://evil.example",
      "null",
      "http://localhost:3001",
      "http://localhost:3000.evil.example",
    ]) {
      expect(await make({ origin })).toMatchObject({
        status: 403,
        body: { error_code: "permission_denied" },
      });
    }
    expect(await make({ origin: "" })).toMatchObject({
      status: 403,
      body: {
        message: "a call with a session's cookie needs an Origin header; programs use a service token",
      },
    });
    expect((await browser.call("GET", "/v1/workspace/")).body.meta.count).toBe(1);
  });

  it("401: ended by signing out, by its owner elsewhere, by idleness and by age", async ({ harness }) => {
    const { db } = harness.services;
    const one = await signedIn(harness, EVERYWHERE, "sessions@example.com");
    const status = async () => (await one.call("GET", "/v1/workspace/")).status;
    const renew = async () => {
      const { challenge } = (await one.call("POST", "/v1/auth/code/", { email: "sessions@example.com" }))
        .body as { challenge: string };
      await db.query(
        "update sign_in_code set hash = sha256(($1 || ':123456')::bytea) where challenge = sha256($2::bytea)",
        [challenge, Buffer.from(challenge)],
      );
      const given = { email: "sessions@example.com", challenge, code: "123456" };
      expect((await one.call("POST", "/v1/auth/code/verify/", given)).status).toBe(200);
    };
    expect(await status()).toBe(200);
    const copy = one.cookies.get("carillon_session") ?? "";
    expect((await one.call("DELETE", "/v1/auth/session/")).status).toBe(204);
    expect(one.cookies.has("carillon_session")).toBe(false);
    one.cookies.set("carillon_session", copy);
    expect(await status()).toBe(401);
    for (const column of ["idle_until", "expires_at"]) {
      await renew();
      expect(await status()).toBe(200);
      await db.query(`update session set ${column} = now() - interval '1 second' where member_id = $1`, [
        one.member_id,
      ]);
      expect(await status()).toBe(401);
    }
    await renew();
    const two = createBrowser(harness);
    two.cookies.set("carillon_session", one.cookies.get("carillon_session") ?? "");
    await renew();
    expect((await two.call("GET", "/v1/workspace/")).status).toBe(401);
    const { results } = (await one.call("GET", "/v1/people/me/session/")).body;
    const [current] = results as { id: string; is_current: boolean; method: string }[];
    expect(current).toMatchObject({ is_current: true, method: "code" });
    expect((await one.call("DELETE", `/v1/people/me/session/${current?.id}/`)).status).toBe(204);
    expect(await status()).toBe(401);
  });

  it("keeps nothing in the database with which one could sign in", async ({ harness }) => {
    const browser = await signedIn(harness, EVERYWHERE);
    const token = browser.cookies.get("carillon_session") ?? "";
    const rows = await harness.services.db.query<{ hash: Buffer }>("select * from session");
    expect(
      JSON.stringify(rows.map((row) => ({ ...row, hash: row.hash.toString("base64url") }))),
    ).not.toContain(token);
  });
});
