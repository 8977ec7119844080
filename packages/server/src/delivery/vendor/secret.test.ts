import { describe, expect, it } from "vitest";
import { z } from "zod";
import { maskSecret, redactConfig, restoreSecrets, secret, secretFields } from "./secret.ts";

const LONG = "sk_live_0123456789abcdef";

const schema = z.object({
  host: z.string(),
  password: secret(z.string().min(1)).optional(),
  key: secret().meta({ title: "API key" }),
  trimmed: secret(z.string().trim()).default(""),
  service_account: secret(z.record(z.string(), z.unknown())).nullable().prefault(null),
  headers: z.record(z.string(), secret()).default({}),
  accounts: z.array(z.object({ name: z.string(), token: secret() })).default([]),
  auth: z
    .discriminatedUnion("kind", [
      z.object({ kind: z.literal("basic"), pass: secret() }),
      z.object({ kind: z.literal("key"), access: secret(), id: z.string() }),
    ])
    .optional(),
});

describe("secret fields", () => {
  it("are found however they are wrapped", () => {
    expect(secretFields(schema)).toEqual([
      "accounts.*.token",
      "auth.access",
      "auth.pass",
      "headers.*",
      "key",
      "password",
      "service_account",
      "trimmed",
    ]);
  });

  it("are none where none is marked", () => {
    expect(secretFields(z.object({ a: z.string(), b: z.number().optional() }))).toEqual([]);
  });

  it("are found in transformed, read-only, caught, joined and lazy schemas, and in ones that hold themselves", () => {
    const node: z.ZodType = z.lazy(() => z.object({ token: secret(), next: node.optional() }));
    const joined = z.intersection(z.object({ a: secret().transform(Number) }), z.object({ b: secret() }));
    expect(secretFields(z.object({ node, joined, c: secret().readonly(), d: secret().catch("x") }))).toEqual([
      "c",
      "d",
      "joined.a",
      "joined.b",
      "node.token",
    ]);
  });

  it("reach the settings form as x-secret, with their titles", () => {
    const form = z.toJSONSchema(schema, { io: "input" });
    expect(form.properties).toMatchObject({ key: { title: "API key", "x-secret": true, minLength: 1 } });
    expect(form.properties?.host).not.toHaveProperty("x-secret");
  });

  it("parse like the schema they mark", () => {
    expect(secret().safeParse("").success).toBe(false);
    expect(secret(z.string().max(3)).safeParse("abcd").success).toBe(false);
    expect(secret(z.coerce.number()).parse("4")).toBe(4);
  });
});

describe("a redacted config", () => {
  const config = {
    host: "smtp.example.com",
    password: "hunter2",
    key: LONG,
    trimmed: "",
    service_account: { private_key: LONG },
    headers: { Authorization: `Bearer ${LONG}`, __proto__: null },
    accounts: [
      { name: "a", token: "short" },
      { name: "b", token: LONG },
    ],
    auth: { kind: "key" as const, access: LONG, id: "id-1" },
  };

  it("shows everything but the secrets", () => {
    expect(redactConfig(schema, config)).toEqual({
      host: "smtp.example.com",
      password: "********",
      key: "sk_l*****",
      trimmed: "",
      service_account: "********",
      headers: { Authorization: "Bear*****" },
      accounts: [
        { name: "a", token: "********" },
        { name: "b", token: "sk_l*****" },
      ],
      auth: { kind: "key", access: "sk_l*****", id: "id-1" },
    });
  });

  it("leaves the config itself alone", () => {
    redactConfig(schema, config);
    expect(config.key).toBe(LONG);
    expect(config.accounts[1]?.token).toBe(LONG);
  });

  it.each([null, undefined, "text", 5, [], { headers: "not an object", accounts: { 0: 1 }, auth: null }])(
    "does not trip over a stored value like %j",
    (value) => {
      expect(() => redactConfig(schema, value)).not.toThrow();
    },
  );

  it("masks keys that look like prototype members, and nothing on the prototype", () => {
    const hostile: unknown = JSON.parse(`{"headers":{"__proto__":"${LONG}","constructor":"${LONG}"}}`);
    expect(JSON.stringify(redactConfig(schema, hostile))).not.toContain(LONG);
    expect(redactConfig(schema, {})).toEqual({});
  });
});

describe("a config sent back from a form", () => {
  const stored = { host: "a", key: LONG, headers: { A: LONG, B: "pw" }, password: "" };

  it("gets its secrets back where it still holds their masks", () => {
    const form = { ...redactConfig(schema, stored), host: "b" };
    expect(restoreSecrets(schema, form, stored)).toEqual({ ...stored, host: "b" });
  });

  it("keeps newly typed and emptied values", () => {
    const form = { ...redactConfig(schema, stored), key: "new-key", headers: { A: "", C: "********" } };
    expect(restoreSecrets(schema, form, stored)).toEqual({
      ...stored,
      key: "new-key",
      headers: { A: "", C: "********" },
    });
  });

  it("is as it was sent when nothing is stored", () => {
    expect(restoreSecrets(schema, { key: "k" }, undefined)).toEqual({ key: "k" });
  });
});

describe("a mask", () => {
  it.each([
    ["", ""],
    [null, null],
    [undefined, undefined],
    ["a", "********"],
    ["1234567890123456789", "********"],
    ["12345678901234567890", "1234*****"],
    [12345, "********"],
    [{ a: 1 }, "********"],
  ])("of %j is %j", (value, mask) => {
    expect(maskSecret(value)).toEqual(mask);
  });
});
