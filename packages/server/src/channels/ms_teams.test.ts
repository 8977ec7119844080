import { describe, expect, it } from "vitest";
import teams from "./ms_teams.ts";

const tenant_id = "8a9b";
const service_url = "https://smba.trafficmanager.net/amer";
const url = "https://acme.webhook.office.com/webhookb2/secret";

describe("teams identities", () => {
  it.each([
    [
      "a conversation",
      { tenant_id, service_url, conversation_id: "19:x" },
      { tenant_id, service_url, conversation_id: "19:x" },
    ],
    ["a user", { tenant_id, service_url, user_id: "29:y" }, { tenant_id, service_url, user_id: "29:y" }],
    ["a webhook", { incoming_webhook: { url } }, { incoming_webhook: { url } }],
    [
      "of several the conversation",
      { tenant_id, service_url, user_id: "u", conversation_id: "c" },
      { tenant_id, service_url, conversation_id: "c" },
    ],
  ])("accepts %s", (_title, input, value) => {
    expect(teams.parseIdentity(input, {})).toMatchObject({ ok: true, identity: { value } });
  });

  it.each([
    [{}],
    [{ tenant_id, service_url }],
    [{ tenant_id, service_url: "https://evil.example/", user_id: "u" }],
    [{ tenant_id: ` ${tenant_id}`, service_url, user_id: "u" }],
    [{ tenant_id, service_url, user_id: "u " }],
    [{ tenant_id, service_url, conversation_id: 5 }],
    [{ tenant_id, service_url, conversationId: "c" }],
    [{ incoming_webhook: { url: "http://x" } }],
  ])("refuses %j and says so", (input) => {
    const reason = expect.stringMatching(/^invalid value: \{/);
    expect(teams.parseIdentity(input, {})).toEqual({ ok: false, reason });
  });

  it("refuses anything but a map", () => {
    expect(teams.parseIdentity("x", {})).toEqual({
      ok: false,
      reason: "$ms_teams: value must be of dict/map type",
    });
  });

  it("identifies a conversation whatever its service address, and keeps webhooks out of keys", () => {
    const key = (input: unknown) => {
      const parsed = teams.parseIdentity(input, {});
      return parsed.ok ? parsed.identity.key : null;
    };
    const moved = `${service_url}/2`;
    expect(key({ tenant_id, service_url, user_id: "u" })).toBe(
      key({ tenant_id, service_url: moved, user_id: "u" }),
    );
    expect(key({ tenant_id, service_url, user_id: "u" })).not.toBe(
      key({ tenant_id, service_url, conversation_id: "u" }),
    );
    expect(key({ incoming_webhook: { url } })).not.toContain("secret");
  });
});
