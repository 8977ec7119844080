import { describe, expect, it } from "vitest";
import { createTokens } from "./token.ts";

function tokenFor(seconds: number): string {
  const payload = { entity_id: "é?>", exp: Math.floor(Date.now() / 1000) + seconds };
  return `e30.${Buffer.from(JSON.stringify(payload)).toString("base64url")}.c2ln`;
}

/** Gives the tokens in turn, and counts how often it is asked. */
function source(...tokens: string[]) {
  const asked = { times: 0 };
  const ask = async () => {
    asked.times += 1;
    await Promise.resolve();
    return tokens[Math.min(asked.times, tokens.length) - 1] ?? "";
  };
  return { ask, asked };
}

describe("user tokens", () => {
  it("are not sent where the page gives none", async () => {
    expect(await createTokens(undefined).get()).toBeUndefined();
  });

  it("are asked for once for all requests that need one", async () => {
    const { ask, asked } = source(tokenFor(3600));
    const tokens = createTokens(ask);
    expect(new Set(await Promise.all([tokens.get(), tokens.get(), tokens.get()])).size).toBe(1);
    await tokens.get();
    expect(asked.times).toBe(1);
  });

  it("are replaced when they have less than 30 seconds left", async () => {
    const [old, next] = [tokenFor(29), tokenFor(3600)];
    const { ask, asked } = source(old, next);
    const tokens = createTokens(ask);
    expect(await tokens.get()).toBe(old);
    expect(await tokens.get()).toBe(next);
    expect(await tokens.get()).toBe(next);
    expect(asked.times).toBe(2);
  });

  it("are replaced when the server refuses one, but not for a refusal of the one before", async () => {
    const [old, next] = [tokenFor(3600), tokenFor(3601)];
    const { ask, asked } = source(old, next);
    const tokens = createTokens(ask);
    await tokens.get();
    expect(tokens.refuse(old)).toBe(true);
    expect(await tokens.get()).toBe(next);
    tokens.refuse(old);
    expect(await tokens.get()).toBe(next);
    expect(asked.times).toBe(2);
  });

  it.each(["opaque", "a.b.c", `e30.${Buffer.from("{}").toString("base64url")}.x`])(
    "that cannot be read (%s) are for the server to judge",
    async (token) => {
      const { ask, asked } = source(token);
      const tokens = createTokens(ask);
      expect(await tokens.get()).toBe(token);
      await tokens.get();
      expect(asked.times).toBe(1);
    },
  );

  it("that the page cannot give are asked for again later, and the error says whose it is", async () => {
    let fails = true;
    const tokens = createTokens(async () => {
      if (fails) throw new Error("503 from /token");
      return tokenFor(3600);
    });
    await expect(tokens.get()).rejects.toMatchObject({
      code: "token",
      message: "token() failed: 503 from /token",
      isPassing: true,
    });
    fails = false;
    await expect(tokens.get()).resolves.toContain("e30.");
    const empty = createTokens(async () => "");
    await expect(empty.get()).rejects.toMatchObject({
      message: "token() has to give a text: the user's token",
    });
  });
});
