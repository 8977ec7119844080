import { describe, expect, it } from "vitest";
import { webhookRequest } from "../../../test/outside/vendor-contract.ts";
import { verifyLogin } from "./basic-auth.ts";

describe("a report with a login in its address", () => {
  const prove = (authorization?: string, login = { webhook_user: "acme", webhook_password: "pässword" }) =>
    verifyLogin(webhookRequest({ headers: authorization === undefined ? {} : { authorization } }), login);
  const login = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

  it("is proven by it", () => {
    expect(prove(login("acme:pässword"))).toBe("verified");
    expect(prove(login("acme:other"))).toBe("forged");
    expect(prove(login("other:pässword"))).toBe("forged");
    expect(prove("Bearer x")).toBe("forged");
    expect(prove()).toBe("forged");
  });

  it("needs none where the settings have none", () => {
    expect(prove(undefined, { webhook_user: "", webhook_password: "" })).toBe("unsigned");
  });
});
