import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import email from "../../src/channels/email.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { type LinkClaims, readLink } from "../../src/preferences/hosted/link.ts";
import { insertTemplate, insertWorkflow, workflowOf } from "../authored.ts";
import { createHarness, type Harness, until } from "../harness.ts";
import { createHub, type Hub } from "../hub.ts";
import { furnishPreferences } from "../preferences/desk.ts";
import { furnishPages } from "../preferences/pages.ts";

/* What templates print as the address of a preference page, and what mails say of how to leave. */
const PLACE = "https://notify.example.com/carillon";
const TEXT =
  "{{{$hosted_preference_url}}} {{{$brand.$hosted_preference_url}}} {{{$tenant.$hosted_preference_url}}}";

interface Mail {
  message_id: string;
  text: string;
  headers: Record<string, string>;
}

let harness: Harness;
let hub: Hub;

beforeAll(async () => {
  harness = await createHarness({ env: { PUBLIC_URL: `${PLACE}/` } });
});
afterAll(() => harness.close());
beforeEach(async () => {
  hub = await createHub(harness);
  await furnishPages(hub, await furnishPreferences(hub));
});

const ANN = { distinct_id: "ann", $email: "ann@example.com", $locale: "es_AR" };

/** The messages of one trigger. */
async function mails(category: string, content: JsonObject = {}, trigger: JsonObject = {}): Promise<Mail[]> {
  const { services, workspace_id } = hub;
  const { db } = services;
  const slug = `w${services.ids.ulid().toLowerCase()}`;
  const written = { subject: "S", body: { type: "plain_text", plain_text: { text: TEXT } }, ...content };
  await insertTemplate(services, workspace_id, slug, ["email"], { email: email.content.parse(written) });
  const node = {
    node_type: "send_email",
    name: "Mail",
    description: null,
    ref: "mail",
    schema_version: "1",
    properties: { template: slug },
  };
  const definition = workflowOf({ name: slug, category, tree: { nodes: [node] } });
  await insertWorkflow(services, workspace_id, slug, definition);
  const body = { workflow: slug, recipients: [ANN], data: {}, ...trigger };
  expect((await hub.call("POST", "/trigger/", body)).status).toBe(202);
  const rows = await until(async () => {
    const found = await db.query<{
      id: string;
      content: Omit<Mail, "message_id"> | null;
      failure_reason: string;
    }>(
      "select id, content, failure_reason from message where workspace_id = $1 and workflow_slug = $2 order by id",
      [workspace_id, slug],
    );
    return found.length > 0 && found;
  });
  return rows.map(({ id, content, failure_reason }) => {
    if (content === null) throw new Error(failure_reason);
    return { message_id: id, ...content };
  });
}

async function mail(...about: Parameters<typeof mails>): Promise<Mail> {
  const [first] = await mails(...about);
  if (first === undefined) throw new Error("no mail was sent");
  return first;
}

function claimsOf(address: string, base = PLACE): LinkClaims | null {
  const [, token = ""] = new RegExp(`^${base}/p/([\\w.-]+)(?:/one-click)?$`).exec(address) ?? [];
  return readLink(token)?.prove(hub.workspace.link_keys) ?? null;
}
const leave = (sent: Mail) => sent.headers["List-Unsubscribe"]?.slice(1, -1) ?? "";

describe("the address of the preference page", () => {
  it("names the recipient, the message and what it is about, wherever a template asks for it", async () => {
    const { text, message_id } = await mail("newsletter");
    const addresses = text.split(" ");
    expect(new Set(addresses).size).toBe(1);
    const claims = claimsOf(addresses[0] ?? "");
    expect(claims).toEqual({
      workspace_id: hub.workspace_id,
      recipient_id: expect.stringMatching(/^[0-9A-Z]{26}$/),
      tenant_id: "default",
      channel: "email",
      category: "newsletter",
      message_id,
      locale: "es-AR",
      expires_at: expect.any(Date),
    });
    const days = ((claims?.expires_at.getTime() ?? 0) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(59);
    expect(days).toBeLessThan(61);
  });

  it("is on the tenant's own domain, where it has one", async () => {
    const tenant = { tenant_name: "Acme", hosted_preference_domain: "preferences.acme.com" };
    await hub.call("POST", "/v1/tenant/acme/", tenant);
    const { text } = await mail("newsletter", {}, { tenant_id: "acme" });
    expect(claimsOf(text.split(" ")[0] ?? "", "https://preferences.acme.com")).toMatchObject({
      tenant_id: "acme",
    });
  });

  it("is blank for people who are not stored, and so have no preferences", async () => {
    const recipients = [{ is_transient: true, $email: "ann@example.com" }];
    const { text, headers } = await mail("newsletter", {}, { recipients });
    expect(text.trim()).toBe("");
    expect(headers).toEqual({});
  });

  it("is the first message's, where one text goes to several addresses", async () => {
    const recipients = [{ ...ANN, $email: ["ann@example.com", "ann@example.org"] }];
    const sent = await mails("newsletter", {}, { recipients });
    expect(sent).toHaveLength(2);
    expect(sent.map(({ text }) => claimsOf(text.split(" ")[0] ?? "")?.message_id)).toEqual([
      sent[0]?.message_id,
      sent[0]?.message_id,
    ]);
  });
});

describe("List-Unsubscribe", () => {
  it.each([["newsletter"], ["summary"], ["promotional"]])(
    "of %s is an address that takes one click",
    async (category) => {
      const sent = await mail(category);
      expect(leave(sent)).toMatch(/\/one-click$/);
      expect(claimsOf(leave(sent))).toMatchObject({ channel: "email", category });
      expect(sent.headers["List-Unsubscribe-Post"]).toBe("List-Unsubscribe=One-Click");
    },
  );

  it("is the page alone where a click could not opt out", async () => {
    const sent = await mail("transactional");
    expect(claimsOf(leave(sent))).toMatchObject({ category: "transactional" });
    expect(leave(sent)).not.toMatch(/one-click/);
    expect(sent.headers).not.toHaveProperty("List-Unsubscribe-Post");
    await hub.call("PATCH", "/v1/tenant/default/preference/category/newsletter/", {
      preference: "cant_unsubscribe",
    });
    expect((await mail("newsletter")).headers).not.toHaveProperty("List-Unsubscribe-Post");
  });

  it.each([["system"], ["alerts"]])("is not in the mails of %s", async (category) => {
    expect((await mail(category)).headers).toEqual({});
  });

  it("is the template's own where that has one", async () => {
    const { headers } = await mail("newsletter", { list_unsubscribe: "https://acme.com/out" });
    expect(headers).toEqual({ "List-Unsubscribe": "<https://acme.com/out>" });
    expect((await mail("newsletter", { list_unsubscribe: "" })).headers).toEqual({});
  });
});
