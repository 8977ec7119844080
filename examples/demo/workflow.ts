/**
 * The demo of the quickstart: an order confirmation by e-mail, SMS and inbox. A branch greets large orders differently,
 * and a short delay precedes the text message.
 */
export const templates = {
  "order-confirmed": {
    name: "Order confirmed",
    enabled_channels: ["email", "inbox"],
    content: {
      email: {
        subject: "Order {{order.id}} is on its way",
        body: {
          type: "raw",
          raw: {
            html: `<!doctype html><html><body style="font-family:sans-serif">
<h1>Thank you, {{default $recipient.name "friend"}}!</h1>
<p>We are packing {{length order.items}} item(s) for you:</p>
<ul>{{#each order.items}}<li>{{name}} &times; {{quantity}}</li>{{/each}}</ul>
<p>Ordered on {{datetime-format order.placed_at "D MMMM YYYY"}}.
{{#compare order.total ">=" 100}}Shipping is on us.{{else}}Shipping is 4.90.{{/compare}}</p>
</body></html>`,
            text: "",
          },
        },
      },
      inbox: {
        header: "Order {{order.id}} confirmed",
        body: 'Thank you, {{default $recipient.name "friend"}}. We will tell you when it ships.',
        action_url: "https://shop.example.com/orders/{{order.id}}",
      },
    },
  },
  "order-sms": {
    name: "Order text",
    enabled_channels: ["sms"],
    content: {
      sms: { type: "basic", body: '{{{default $recipient.name "Hi"}}}, order {{order.id}} is packed.' },
    },
  },
} as const;

export const workflow = {
  slug: "order-confirmed",
  definition: {
    name: "Order confirmed",
    category: "transactional",
    trigger_type: "api",
    tree: {
      nodes: [
        {
          node_type: "send_multi_channel",
          name: "E-mail and inbox",
          ref: "confirmation",
          properties: { template: "order-confirmed" },
        },
        {
          node_type: "branch",
          name: "Large order?",
          ref: "size",
          properties: {},
          branches: [
            {
              name: "100 or more",
              ref: "large",
              is_default: false,
              conditions: [
                {
                  type: "expression_v1",
                  expression_v1: {
                    op: "AND",
                    args: [{ variable_ns: "", variable: "order.total", op: ">=", value: "100" }],
                  },
                },
              ],
              nodes: [
                {
                  node_type: "delay",
                  name: "A moment",
                  ref: "moment",
                  properties: { delay_type: "fixed", value: "1s" },
                },
                { node_type: "send_sms", name: "Text", ref: "text", properties: { template: "order-sms" } },
              ],
            },
            { name: "Default", ref: "small", is_default: true, conditions: [], nodes: [] },
          ],
        },
      ],
    },
  },
};

export const trigger = {
  workflow: workflow.slug,
  recipients: [{ distinct_id: "ada", name: "Ada", $email: ["ada@example.com"], $sms: ["+14155552671"] }],
  data: {
    order: {
      id: "A-1001",
      total: 129,
      placed_at: "2026-11-20T09:30:00Z",
      items: [
        { name: "Bell, brass", quantity: 1 },
        { name: "Rope, 3 m", quantity: 2 },
      ],
    },
  },
};
