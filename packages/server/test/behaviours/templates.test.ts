import { describe, expect } from "vitest";
import { is } from "../conditions.ts";
import { onServer as it } from "../fixture.ts";
import { until } from "../harness.ts";
import { createManagement, type Management } from "../management.ts";
import { node, type Pipeline } from "../pipeline.ts";

/* Which content a recipient gets, and what the log says of it. Cases: templates.md 4. */

const IS_PRO = is("plan", "pro", "$recipient");

async function addVariants(m: Management): Promise<void> {
  await m.template("POST", "hello", { enabled_channels: ["sms"] });
  const save = (id: string, locale: string, more: object = {}) =>
    m.template("POST", `hello/channel/sms/variant/${id}`, { locale, content: { body: id }, ...more });
  await save("default", "en");
  await save("pro", "en", { conditions: [IS_PRO] });
  await save("default-es", "es");
  await save("acme", "en", { tenant_id: "acme" });
  await save("acme-es", "es", { tenant_id: "acme" });
  await save("acme-pro-es", "es", { tenant_id: "acme", conditions: [IS_PRO] });
  expect((await m.template("PATCH", "hello/commit", {})).status).toBe(200);
}

/** The run's step of this stage, and the message that it made, if any. */
async function sendTo(pipeline: Pipeline, recipient: object, tenant_id: string | null) {
  const to = { distinct_id: "ann", $sms: ["+14155550100"], ...recipient };
  const id = await pipeline.trigger({
    workflow: "hello",
    recipients: [to],
    ...(tenant_id === null ? {} : { tenant_id }),
  });
  const run = await until(async () =>
    (await pipeline.runs()).find(({ request_id, status }) => request_id === id && status !== "in_progress"),
  );
  const message = (await pipeline.messages()).find(({ execution_id }) => execution_id === run.id);
  return { run, step: run.steps.find(({ s }) => s === "variant_selected"), message };
}

describe("the variant that a recipient gets", () => {
  it.for<[string | null, string, string, string, string[]]>([
    [null, "en", "free", "default", ["pro"]],
    [null, "en", "pro", "pro", []],
    // The recipient's own locale is tried before the order of the list counts.
    [null, "es", "pro", "default-es", []],
    [null, "fr", "pro", "pro", []],
    [null, "es-MX", "free", "default-es", []],
    ["acme", "es", "pro", "acme-es", []],
    // A tenant's own content comes before what fits any tenant, whatever that one's conditions.
    ["acme", "fr", "pro", "acme", []],
    ["other", "es", "free", "default-es", []],
  ])(
    "of tenant %s, in %s, on plan %s is %s",
    async ([tenant, locale, plan, picked, passed], { pipeline }) => {
      await addVariants(createManagement(pipeline, pipeline.workspace));
      await pipeline.commit("hello", [node("send_sms", "text", { template: "hello" })]);
      for (const id of ["acme", "other"]) {
        await pipeline.call("POST", `/v1/tenant/${id}/`, { tenant_name: id });
      }
      const { step, message } = await sendTo(pipeline, { $locale: locale, plan }, tenant);
      expect(message).toMatchObject({ variant_id: picked, content: { body: picked } });
      expect(step).toMatchObject({
        n: "text",
        m: expect.stringContaining(`sms: variant '${picked}'`),
        p: {
          channel: "sms",
          variant: picked,
          tenant_id: tenant ?? "default",
          passed_over: passed.map((id) => ({ variant: id, why: "conditions" })),
        },
      });
    },
  );

  it("is not explained where there is no choice", async ({ pipeline }) => {
    await pipeline.addTemplate("hello", ["sms"]);
    await pipeline.commit("hello", [node("send_sms", "text", { template: "hello" })]);
    const { step, message } = await sendTo(pipeline, {}, null);
    expect(step).toBeUndefined();
    expect(message).toMatchObject({ variant_id: "default" });
  });
});

describe("content that waits for a vendor's approval", () => {
  const variant = "hello/channel/whatsapp/variant";
  const approval = {
    vendor_slug: "whatsapp_cloud_api-whatsapp",
    vendor_uid: "waba-1",
    vendor_template_id: "t-1",
  };
  const text = (body: string, more: object = {}) => ({
    locale: "en",
    content: { body: { text: body } },
    ...more,
  });

  it("is not sent: the run says so, and another channel goes on", async ({ pipeline }) => {
    const m = createManagement(pipeline, pipeline.workspace);
    await m.commitTemplate("hello", { whatsapp: text("one").content, sms: { body: "one" } });
    await m.template("POST", `${variant}/es`, text("uno", { locale: "es" }));
    await m.template("PATCH", "hello/commit", {});
    await m.template("PATCH", `${variant}/es/vendor_approval`, { ...approval, approval_status: "approved" });
    await pipeline.commit("hello", [node("send_multi_channel", "all", { template: "hello" })]);
    const phone = { $whatsapp: ["+14155550100"] };
    const { run, step } = await sendTo(pipeline, phone, null);
    expect(step).toMatchObject({
      l: "error",
      m: "whatsapp: variant 'default' waits for a vendor's approval, and no other fits",
      p: { code: "template_not_approved", passed_over: [{ variant: "default", why: "approval" }] },
    });
    expect(run.status).toBe("failed");
    const sent = (await pipeline.messages()).map(({ channel }) => channel);
    expect(sent).toEqual(["sms"]);
    const spanish = await sendTo(pipeline, { ...phone, $locale: "es" }, null);
    expect(spanish.run.status).toBe("completed");
    expect(await pipeline.messages()).toContainEqual(
      expect.objectContaining({
        channel: "whatsapp",
        content: expect.objectContaining({ body: { text: "uno" } }),
      }),
    );
  });

  it("leaves the last one that was approved being sent, and is sent once it is approved", async ({
    pipeline,
  }) => {
    const m = createManagement(pipeline, pipeline.workspace);
    const approve = (id: string) =>
      m.template("PATCH", `${variant}/default/vendor_approval`, {
        ...approval,
        vendor_template_id: id,
        approval_status: "approved",
      });
    await m.commitTemplate("hello", { whatsapp: text("one").content });
    await approve("t-1");
    await m.commitTemplate("hello", { whatsapp: text("two").content });
    await pipeline.commit("hello", [node("send_whatsapp", "chat", { template: "hello" })]);
    const phone = { $whatsapp: ["+14155550100"] };
    const first = await sendTo(pipeline, phone, null);
    expect(first.message?.content).toMatchObject({ body: { text: "one" } });
    await approve("t-2");
    const second = await sendTo(pipeline, phone, null);
    expect(second.message?.content).toMatchObject({ body: { text: "two" } });
  });
});

it("a template shows when it last made a message, in a run or in a test", async ({ pipeline }) => {
  const m = createManagement(pipeline, pipeline.workspace);
  await m.commitTemplate("hello", { sms: { body: "one" } });
  await m.commitTemplate("other", { sms: { body: "one" } });
  await pipeline.commit("hello", [node("send_sms", "text", { template: "hello" })]);
  const shown = async (slug: string) => (await m.template("GET", slug)).body.last_triggered_at;
  expect(await shown("hello")).toBeNull();
  await sendTo(pipeline, {}, null);
  expect(await shown("hello")).toMatch(/Z$/);
  expect(await shown("other")).toBeNull();
  await m.template("POST", "other/channel/sms/variant/default/mock_test", { distinct_id: "ann" });
  expect(await shown("other")).toMatch(/Z$/);
});

it("a message keeps the content with which it was rendered, whatever becomes of its template", async ({
  pipeline,
}) => {
  const m = createManagement(pipeline, pipeline.workspace);
  await m.commitTemplate("hello", { sms: { body: "one" } });
  await pipeline.commit("hello", [node("send_sms", "text", { template: "hello" })]);
  const { message } = await sendTo(pipeline, {}, null);
  await m.commitTemplate("hello", { sms: { body: "two" } });
  await m.template("DELETE", "hello");
  const id = message?.id ?? "";
  const settled = await until(async () => {
    const all = await pipeline.messages();
    return all.every(({ status }) => status !== "triggered") ? all : null;
  });
  expect(settled).toMatchObject([{ id, content: { body: "one" }, status: "sent_by_vendor" }]);
});
