import { createHmac } from "node:crypto";
import { describe, expect } from "vitest";
import { onServer as it } from "../fixture.ts";
import { until } from "../harness.ts";
import { node, person, type World } from "./world.ts";

/* From a text that waits for Meta to the message that names what Meta approved. */

const SECRET = "app-secret-of-meta";
const VARIANT = "v2/template/order/channel/whatsapp/variant/default/";
const NAMED = {
  vendor_slug: "whatsapp_cloud_api-whatsapp",
  vendor_uid: "102290129340398",
  vendor_template_id: "594425479261596",
  vendor_template_name: "order_en_v1",
  vendor_locale_code: "en",
};

/** Saves the account without letting it send, and returns where Meta reports. */
async function connect(world: World): Promise<string> {
  const config = {
    phone_number_id: "106540352242922",
    access_token: "EAAJB-access-token",
    waba_id: NAMED.vendor_uid,
    app_secret: SECRET,
    verify_token: "a-word-of-our-own",
  };
  const path = "v1/vendor/whatsapp_cloud_api-whatsapp/";
  const { status, json, text } = await world.manage("POST", path, { config, categories: [] });
  expect(status, text).toBe(200);
  return new URL((json as { webhook_url: string }).webhook_url).pathname;
}

async function decide(world: World, address: string, event: string, reason = "NONE"): Promise<void> {
  const value = {
    event,
    message_template_id: Number(NAMED.vendor_template_id),
    message_template_name: NAMED.vendor_template_name,
    message_template_language: "en",
    reason,
  };
  const payload = JSON.stringify({
    object: "whatsapp_business_account",
    entry: [{ id: NAMED.vendor_uid, changes: [{ field: "message_template_status_update", value }] }],
  });
  const signature = createHmac("sha256", SECRET).update(payload).digest("hex");
  const reply = await world.app.inject({
    method: "POST",
    url: address,
    headers: { "content-type": "application/json", "x-hub-signature-256": `sha256=${signature}` },
    payload,
  });
  expect(reply.statusCode, reply.body).toBe(200);
}

const becomes = (world: World, approval_status: string) =>
  until(async () => {
    const { json } = await world.manage("GET", `${VARIANT}?mode=live`);
    const variant = json as { approval_status: string };
    return variant.approval_status === approval_status ? variant : null;
  });

describe("a text that Meta has to approve", () => {
  it("is sent under its name there once Meta reports that, and not again once Meta takes it back", async ({
    world,
  }) => {
    const address = await connect(world);
    await world.manage("POST", "v2/template/order/", { name: "order", enabled_channels: ["whatsapp"] });
    const content = { body: { text: "Hello {{$recipient.name}}" } };
    await world.manage("POST", VARIANT, { locale: "en", content });
    await world.manage("PATCH", "v2/template/order/commit/", {});
    const submitted = { ...NAMED, approval_status: "sent_for_approval" };
    await world.manage("PATCH", `${VARIANT}vendor_approval/?mode=live`, submitted);
    await becomes(world, "sent_for_approval");
    await world.workflow("shipped", [node("send_whatsapp", "text", { template: "order" })]);
    const send = async () => {
      await world.trigger("shipped", [person("ann", { name: "Ann", $whatsapp: "+14155550100" })]);
      await world.settle();
      return (await world.messages()).length;
    };
    expect(await send()).toBe(0);

    await decide(world, address, "APPROVED");
    await becomes(world, "approved");
    expect(await send()).toBe(1);
    const [row] = await world.services.db.query<{ content: object }>(
      "select content from message where workspace_id = $1",
      [world.workspace_id],
    );
    expect(row?.content).toMatchObject({
      parameters: { body: ["Ann"] },
      vendor_approvals: [{ ...NAMED, approval_status: "approved" }],
    });

    await decide(world, address, "REJECTED", "INVALID_FORMAT");
    expect(await becomes(world, "rejected")).toMatchObject({
      vendor_approvals: [{ approval_status: "rejected", comment: "INVALID_FORMAT" }],
    });
    expect(await send()).toBe(1);
  });
});
