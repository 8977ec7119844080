import type { World } from "./world.ts";

/** The content for the SDK tests: templates and workflows, committed through the management API. */
export async function publish({ manage }: World): Promise<void> {
  await publishTemplate(manage, "order", {
    email: {
      from_name: "{{$brand.brand_name}} Shop",
      reply_to: "help@acme.test",
      subject: "Bestellung {{order.id}} – Grüße an {{{default $recipient.name 'dich'}}} 🛎️",
      body: {
        type: "raw",
        raw: {
          html: '<!doctype html><html><body><p>Ordered by {{default $actor.name "nobody"}}: {{order.note}}</p></body></html>',
          text: "Ordered by {{{default $actor.name 'nobody'}}}: {{{order.note}}}",
        },
      },
    },
    sms: { type: "basic", body: "Order {{order.id}}" },
  });
  const send = (node_type: string, ref: string) => ({
    node_type,
    name: ref,
    ref,
    properties: { template: "order" },
  });
  await publishWorkflow(manage, "order-mail", { trigger_type: "api" }, [send("send_email", "mail")]);
  await publishWorkflow(manage, "order-all", { trigger_type: "api" }, [send("send_multi_channel", "all")]);
  await publishWorkflow(manage, "switched-off", { trigger_type: "api" }, [send("send_email", "mail")]);
  await manage("PATCH", "/v1/staging/workflow/switched-off/enable/", { is_enabled: false });
  await publishWorkflow(manage, "signed-up", { trigger_type: "event", trigger_events: ["Signed Up"] }, [
    send("send_email", "mail"),
  ]);
}

async function publishTemplate(
  manage: World["manage"],
  slug: string,
  contents: Record<string, object>,
): Promise<void> {
  const path = `/v2/staging/template/${slug}`;
  await manage("POST", `${path}/`, { name: slug, enabled_channels: Object.keys(contents) });
  for (const [channel, content] of Object.entries(contents)) {
    const variant = { locale: "en", content, needs_vendor_approval: false };
    await manage("POST", `${path}/channel/${channel}/variant/default/`, variant);
  }
  await manage("PATCH", `${path}/commit/?commit_message=e2e`, {});
}

async function publishWorkflow(
  manage: World["manage"],
  slug: string,
  trigger: object,
  nodes: object[],
): Promise<void> {
  await manage("POST", `/v1/staging/workflow/${slug}/?commit=true&commit_message=e2e`, {
    name: slug,
    category: "transactional",
    ...trigger,
    tree: { nodes },
  });
}
