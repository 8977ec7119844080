import * as fc from "fast-check";
import { describe, expect } from "vitest";
import { onApi as it } from "../../../../../test/fixture.ts";
import type { Hub } from "../../../../../test/hub.ts";
import type { Management } from "../../../../../test/management.ts";

const WHATSAPP = (text: string) => ({ category: "UTILITY", body: { text } });
const variant = "ship/channel/whatsapp/variant/default";
const approval = `${variant}/vendor_approval`;
const META = { vendor_slug: "whatsapp_cloud_api-whatsapp", vendor_uid: "waba-123221" };
const APPROVED = { ...META, approval_status: "approved", vendor_template_id: "t-1" };

const commit = (management: Management, text: string) =>
  management.commitTemplate("ship", { whatsapp: WHATSAPP(text) });

/** The texts that would be sent now, variant by variant; null where one waits and nothing was approved before. */
async function sent(hub: Hub, channel: "whatsapp" | "sms" = "whatsapp"): Promise<(string | null)[]> {
  const live = await hub.services.catalog.findTemplate(hub.workspace_id, "ship");
  const variants = live?.channels.get(channel)?.variants ?? [];
  return variants.map(({ is_sendable, content }) => {
    const { body } = content as { body: string | { text: string } };
    return is_sendable ? (typeof body === "string" ? body : body.text) : null;
  });
}

describe("a variant that needs approval", () => {
  it("waits after its first commit, and its channel is not live until a vendor approves", async ({
    hub,
    management: m,
  }) => {
    const committed = await commit(m, "one");
    expect(committed.body).toMatchObject({
      status: "active",
      version_no: 1,
      channels: [{ channel: "whatsapp", is_active: false, variants_count: 1 }],
    });
    expect(await sent(hub)).toEqual([]);
    const waiting = await m.template("GET", `${variant}?mode=live`);
    expect(waiting.body).toMatchObject({
      needs_vendor_approval: true,
      sysgen_template_name: "ship_en_v1",
      approval_status: "pending",
      approval_at: null,
      vendor_approvals: [],
    });
    const asked = await m.template("PATCH", approval, { ...META, approval_status: "sent_for_approval" });
    expect(asked).toMatchObject({
      status: 200,
      body: {
        approval_status: "sent_for_approval",
        approval_at: null,
        vendor_approvals: [
          {
            ...META,
            vendor_template_name: "ship_en_v1",
            approval_status: "sent_for_approval",
            sent_for_approval_at: expect.stringMatching(/Z$/),
            approval_status_received_at: null,
          },
        ],
      },
    });
    expect(await sent(hub)).toEqual([]);
    const approved = await m.template("PATCH", `${approval}?mode=live`, {
      ...APPROVED,
      vendor_template_category: "UTILITY",
    });
    expect(approved.body).toMatchObject({
      approval_status: "approved",
      approval_at: expect.stringMatching(/Z$/),
      vendor_approvals: [
        {
          vendor_template_id: "t-1",
          vendor_template_category: "UTILITY",
          sent_for_approval_at: asked.body.vendor_approvals[0].sent_for_approval_at,
          approval_status_received_at: expect.stringMatching(/Z$/),
        },
      ],
    });
    expect(await sent(hub)).toEqual(["one"]);
    expect((await m.template("GET", "ship")).body.channels).toMatchObject([{ is_active: true }]);
  });

  it("goes on with what was approved before, while later content waits", async ({ hub, management: m }) => {
    await commit(m, "one");
    await m.template("PATCH", approval, APPROVED);
    await commit(m, "two");
    await commit(m, "three");
    expect(await sent(hub)).toEqual(["one"]);
    expect((await m.template("GET", `${variant}?mode=live`)).body).toMatchObject({
      content: { body: { text: "three" } },
      approval_status: "pending",
      sysgen_template_name: "ship_en_v3",
    });
    await m.template("PATCH", approval, { ...APPROVED, vendor_template_id: "t-3" });
    expect(await sent(hub)).toEqual(["three"]);
  });

  it("keeps its approval over commits of other things, and with content that comes back", async ({
    hub,
    management: m,
  }) => {
    await commit(m, "one");
    await m.template("PATCH", approval, APPROVED);
    await m.template("POST", "ship", { description: "of parcels" });
    await m.template("PATCH", "ship/commit", {});
    expect((await m.template("GET", `${variant}?mode=live`)).body).toMatchObject({
      approval_status: "approved",
      sysgen_template_name: "ship_en_v1",
    });
    await commit(m, "two");
    expect((await commit(m, "one")).body.version_no).toBe(4);
    expect(await sent(hub)).toEqual(["one"]);
    expect((await m.template("GET", `${variant}?mode=live`)).body.approval_status).toBe("approved");
  });

  it("is rejected, or could not be uploaded, with a reason, and another vendor's approval is enough", async ({
    hub,
    management: m,
  }) => {
    await commit(m, "one");
    const refused = await m.template("PATCH", approval, {
      ...META,
      approval_status: "rejected",
      comment: "too promotional",
    });
    expect(refused.body).toMatchObject({ approval_status: "rejected" });
    const other = { vendor_slug: "twilio-whatsapp", vendor_uid: "twilio-1" };
    const failed = { ...other, approval_status: "upload_failed", comment: "no such account" };
    expect((await m.template("PATCH", approval, failed)).body.approval_status).toBe("rejected");
    const { body } = await m.template("PATCH", approval, { ...APPROVED, ...other });
    expect(body).toMatchObject({
      approval_status: "approved",
      vendor_approvals: [
        { ...META, approval_status: "rejected", comment: "too promotional" },
        { ...other, approval_status: "approved", comment: null },
      ],
    });
    expect(await sent(hub)).toEqual(["one"]);
  });

  it("stops being sent when its approval is taken back", async ({ hub, management: m }) => {
    await commit(m, "one");
    await m.template("PATCH", approval, APPROVED);
    const { body } = await m.template("PATCH", approval, {
      ...META,
      approval_status: "rejected",
      comment: "paused for low quality",
    });
    expect(body).toMatchObject({ approval_status: "rejected", approval_at: null });
    expect(await sent(hub)).toEqual([]);
  });

  it("is discarded with a comment, and submitted again by a commit", async ({ hub, management: m }) => {
    await commit(m, "one");
    await m.template("PATCH", approval, APPROVED);
    await commit(m, "two");
    expect(await m.template("PATCH", `${variant}/discard?mode=live`, { comment: "wrong price" })).toEqual({
      status: 200,
      body: {},
    });
    expect((await m.template("GET", `${variant}?mode=live`)).body).toMatchObject({
      approval_status: "discarded",
      discard_comment: "wrong price",
    });
    expect(await sent(hub)).toEqual(["one"]);
    expect(await m.template("PATCH", approval, APPROVED)).toMatchObject({
      status: 409,
      body: {
        message: "variant (channel: 'whatsapp', id: 'default') was discarded: commit it again to submit it",
      },
    });
    expect((await m.template("PATCH", "ship/commit", {})).body.version_no).toBe(2);
    expect((await m.template("GET", `${variant}?mode=live`)).body).toMatchObject({
      approval_status: "pending",
      discard_comment: null,
    });
    // The editor's name of the field.
    expect(await m.template("PATCH", `${variant}/discard`, { discard_comment: "again" })).toMatchObject({
      status: 200,
    });
  });

  it("is found again with its version after a rollback", async ({ hub, management: m }) => {
    await commit(m, "one");
    await m.template("PATCH", approval, APPROVED);
    await commit(m, "two");
    await m.template("PATCH", approval, { ...APPROVED, vendor_template_id: "t-2" });
    await m.template("POST", "ship/version/1/rollback");
    expect(await sent(hub)).toEqual(["one"]);
    expect((await m.template("GET", `${variant}?mode=live`)).body).toMatchObject({
      approval_status: "approved",
      vendor_approvals: [{ vendor_template_id: "t-1" }],
    });
  });
});

it("at every moment sends the last content up to the live version that is approved", async ({
  hub,
  management: m,
}) => {
  const text = fc.constantFrom("a", "b", "c");
  const step = fc.oneof(
    fc.record({ do: fc.constant("commit" as const), text }),
    fc.record({ do: fc.constantFrom("approved" as const, "rejected" as const) }),
    fc.record({ do: fc.constant("rollback" as const), to: fc.nat(20) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), async (steps) => {
      await m.template("DELETE", "ship");
      const versions: string[] = [];
      const approved = new Set<string>();
      let live = 0;
      for (const [index, one] of steps.entries()) {
        if (one.do === "commit") {
          await commit(m, one.text);
          if (versions[live - 1] !== one.text) live = versions.push(one.text);
        } else if (live === 0) {
          continue;
        } else if (one.do === "rollback") {
          live = (one.to % versions.length) + 1;
          await m.template("POST", `ship/version/${live}/rollback`);
        } else {
          const content = versions[live - 1] ?? "";
          const entry = { ...META, approval_status: one.do, vendor_template_id: `t-${index}`, comment: "c" };
          expect((await m.template("PATCH", approval, entry)).status).toBe(200);
          if (one.do === "approved") approved.add(content);
          else approved.delete(content);
        }
        const expected = versions.slice(0, live).findLast((content) => approved.has(content));
        expect(await sent(hub), JSON.stringify(steps.slice(0, index + 1))).toEqual(
          expected === undefined ? [] : [expected],
        );
      }
    }),
    { numRuns: 25 },
  );
});

describe("an SMS", () => {
  const path = "ship/channel/sms/variant/default";
  const save = (m: Management, body: string, needs_vendor_approval: boolean) =>
    m.template("POST", path, { locale: "en", content: { body }, needs_vendor_approval });

  it("is sent at once, unless it asks for approval", async ({ hub, management: m }) => {
    await m.commitTemplate("ship", { sms: { body: "one" } });
    expect(await sent(hub, "sms")).toEqual(["one"]);
    expect((await m.template("GET", path)).body).toMatchObject({
      needs_vendor_approval: false,
      sysgen_template_name: null,
      approval_status: "auto_approved",
    });
    await save(m, "two", true);
    await m.template("PATCH", "ship/commit", {});
    expect(await sent(hub, "sms")).toEqual(["one"]);
    await m.template("PATCH", `${path}/vendor_approval`, { ...APPROVED, vendor_slug: "gupshup-sms" });
    expect(await sent(hub, "sms")).toEqual(["two"]);
    await save(m, "three", false);
    await m.template("PATCH", "ship/commit", {});
    expect(await sent(hub, "sms")).toEqual(["three"]);
  });
});

it("no other channel waits, whatever a variant says", async ({ management: m }) => {
  await m.template("POST", "ship", { enabled_channels: ["inbox"] });
  const { body } = await m.template("POST", "ship/channel/inbox/variant/default", {
    locale: "en",
    content: { body: "hi" },
    needs_vendor_approval: true,
  });
  expect(body).toMatchObject({ needs_vendor_approval: false, approval_status: "auto_approved" });
});

describe("approvals that come with a draft", () => {
  const save = (m: Management, text: string, vendor_approvals: unknown) =>
    m.template("POST", variant, { locale: "en", content: WHATSAPP(text), vendor_approvals });

  it("count for its content as soon as that is committed", async ({ hub, management: m }) => {
    await m.template("POST", "ship", { enabled_channels: ["whatsapp"] });
    const { body } = await save(m, "one", [APPROVED]);
    expect(body).toMatchObject({ approval_status: "approved", vendor_approvals: [APPROVED] });
    await m.template("PATCH", "ship/commit", {});
    expect(await sent(hub)).toEqual(["one"]);
  });

  it("are written back as they were read, without a change", async ({ management: m }) => {
    await commit(m, "one");
    await m.template("PATCH", approval, { ...META, approval_status: "sent_for_approval" });
    const read = (await m.template("GET", variant)).body;
    expect((await m.template("POST", variant, read)).body).toStrictEqual(read);
    expect((await m.template("GET", `${variant}?mode=live`)).body.vendor_approvals).toStrictEqual(
      read.vendor_approvals,
    );
  });

  it("are not those of another content that a client read and changed", async ({ hub, management: m }) => {
    await commit(m, "one");
    await m.template("PATCH", approval, APPROVED);
    const read = (await m.template("GET", variant)).body;
    const changed = { ...read, content: { ...read.content, body: { text: "a new text" } } };
    expect((await m.template("POST", variant, changed)).body).toMatchObject({
      approval_status: "pending",
      vendor_approvals: [],
    });
    await m.template("PATCH", "ship/commit", {});
    expect(await sent(hub)).toEqual(["one"]);
  });
});

describe("400", () => {
  it.for<[object, string]>([
    [{ ...META, vendor_slug: "x", approval_status: "pending" }, "vendor_slug"],
    [{ ...META, vendor_uid: "1234", approval_status: "pending" }, "vendor_uid"],
    [META, "approval_status"],
    [{ ...META, approval_status: "auto_approved" }, "approval_status"],
    [{ ...META, approval_status: "approved" }, "vendor_template_id"],
    [{ ...APPROVED, vendor_slug: "msg91-sms" }, "provider_template_id"],
    [{ ...META, approval_status: "rejected" }, "comment"],
    [{ ...META, approval_status: "upload_failed", comment: "" }, "comment"],
    [{ ...APPROVED, vendor_template_category: "OTHER" }, "vendor_template_category"],
  ])("vendor_approval %j names %s", async ([payload, field], { management: m }) => {
    await commit(m, "one");
    const { status, body } = await m.template("PATCH", approval, payload);
    expect(status).toBe(400);
    expect(Object.keys(body.detail)).toEqual([field]);
    const draft = { locale: "en", content: WHATSAPP("two"), vendor_approvals: [payload] };
    const saved = await m.template("POST", variant, draft);
    expect(saved.status).toBe(400);
    expect(Object.keys(saved.body.detail)).toEqual([`vendor_approvals[0].${field}`]);
  });

  it.for([
    [`${variant}/discard`, {}, "comment"],
    [`${variant}/discard?mode=draft`, { comment: "x" }, "mode"],
    [`${approval}?mode=draft`, APPROVED, "mode"],
    ["ship/channel/fax/variant/default/discard", { comment: "x" }, "channel"],
  ] as const)("%s %j names %s", async ([path, payload, field], { management: m }) => {
    await commit(m, "one");
    const { status, body } = await m.template("PATCH", path, payload);
    expect([status, Object.keys(body.detail)]).toEqual([400, [field]]);
  });

  it("refuses approvals of what needs none", async ({ management: m }) => {
    await m.commitTemplate("ship", { sms: { body: "one" } });
    for (const [end, payload] of [
      ["discard", { comment: "x" }],
      ["vendor_approval", APPROVED],
    ] as const) {
      expect(await m.template("PATCH", `ship/channel/sms/variant/default/${end}`, payload)).toMatchObject({
        status: 400,
        body: { message: "variant (channel: 'sms', id: 'default') needs no vendor's approval" },
      });
    }
  });
});

it("409: only what waits can be discarded", async ({ management: m }) => {
  await commit(m, "one");
  await m.template("PATCH", approval, APPROVED);
  expect(await m.template("PATCH", `${variant}/discard`, { comment: "late" })).toMatchObject({
    status: 409,
    body: {
      error_code: "conflict",
      message:
        "variant (channel: 'whatsapp', id: 'default') is approved: only what is pending or sent for approval can be discarded",
    },
  });
});

it.for(["vendor_approval", "discard"])(
  "404: %s of what is unknown or was never committed",
  async (end, { management: m }) => {
    const payload = end === "discard" ? { comment: "x" } : APPROVED;
    expect((await m.template("PATCH", `${variant}/${end}`, payload)).status).toBe(404);
    await m.template("POST", "ship", { enabled_channels: ["whatsapp"] });
    expect(await m.template("PATCH", `${variant}/${end}`, payload)).toMatchObject({
      status: 404,
      body: { message: "template (slug: 'ship') has no committed version: commit it first" },
    });
    await commit(m, "one");
    const other = `ship/channel/whatsapp/variant/es/${end}`;
    expect((await m.template("PATCH", other, payload)).status).toBe(404);
  },
);
