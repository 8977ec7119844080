import { expect, expectTypeOf, it } from "vitest";
import {
  createCarillon,
  type DataOf,
  defineWorkflow,
  type PayloadsOf,
  type Recipient,
  type User,
} from "../src/index.ts";

/** What must not compile; `npm run check` compiles this. Nothing here is called. */
interface Workflows {
  "order-confirmed": { order_id: string; total?: number };
  "weekly-digest": { count?: number };
}

const typed = () => createCarillon<Workflows>({ apiKey: "x" }).workflows;
const untyped = () => createCarillon({ apiKey: "x" }).workflows;

it("types payloads by their workflows", () => {
  const calls = [
    () => typed().trigger("order-confirmed", { to: "ada", data: { order_id: "A-1" } }),
    // @ts-expect-error -- not a workflow
    () => typed().trigger("order-confirmd", { to: "ada", data: { order_id: "A-1" } }),
    // @ts-expect-error -- a field is missing
    () => typed().trigger("order-confirmed", { to: "ada", data: {} }),
    // @ts-expect-error -- the data is missing
    () => typed().trigger("order-confirmed", { to: "ada" }),
    // @ts-expect-error -- the wrong type
    () => typed().trigger("order-confirmed", { to: "ada", data: { order_id: 1 } }),
    // @ts-expect-error -- a field that it does not take
    () => typed().trigger("order-confirmed", { to: "ada", data: { order_id: "A-1", oder: 1 } }),
    () => typed().trigger("weekly-digest", { to: "ada" }),
    // @ts-expect-error -- another workflow's data
    () => typed().trigger("weekly-digest", { to: "ada", data: { order_id: "A-1" } }),
    () => untyped().trigger("anything", { to: "ada" }),
    () => untyped().trigger("anything", { to: ["ada"], data: { any: "thing" } }),
    // @ts-expect-error -- nobody to send it to
    () => untyped().trigger("anything", {}),
    // @ts-expect-error -- misspelt
    () => untyped().trigger("anything", { to: "ada", idempotencykey: "x" }),
    () => typed().triggerMany([{ workflow: "order-confirmed", to: "ada", data: { order_id: "A-1" } }]),
    // @ts-expect-error -- the wrong type, in one of many
    () => typed().triggerMany([{ workflow: "order-confirmed", to: "ada", data: { order_id: 1 } }]),
    () => typed().dryRun("order-confirmed", { to: "ada", data: { order_id: "A-1" } }),
    // @ts-expect-error -- a dry run takes what a trigger takes
    () => typed().dryRun("order-confirmed", { to: "ada", data: {} }),
  ];
  expect(calls).toHaveLength(16);
});

const orderShipped = defineWorkflow({
  slug: "order-shipped",
  name: "Order shipped",
  category: "transactional",
  payload: {
    type: "object",
    required: ["order_id", "lines"],
    properties: {
      order_id: { type: "string" },
      lines: {
        type: "array",
        items: {
          type: "object",
          required: ["sku"],
          properties: { sku: { type: "string" }, count: { type: "integer" } },
        },
      },
      carrier: { enum: ["ups", "dhl"] },
      note: { type: ["string", "null"] },
      gift: { anyOf: [{ type: "boolean" }, { const: "wrapped" }] },
      extra: { type: "object", properties: { a: { type: "number" } }, additionalProperties: true },
      free: { $ref: "#/$defs/free" },
    },
  },
  nodes: [{ node_type: "send_sms", properties: { template: "order" } }],
});
const anything = defineWorkflow({
  slug: "anything",
  name: "Anything",
  category: "system",
  nodes: [{ node_type: "send_sms" }],
});

it("types payloads by the schemas of workflows in code", () => {
  interface Shipped {
    order_id: string;
    lines: { sku: string; count?: number | undefined }[];
    carrier?: "ups" | "dhl" | undefined;
    note?: string | null | undefined;
    gift?: boolean | "wrapped" | undefined;
    free?: unknown;
  }
  type Data = DataOf<typeof orderShipped>;
  expectTypeOf<Omit<Data, "extra">>().branded.toEqualTypeOf<Shipped>();
  expectTypeOf<NonNullable<Data["extra"]>["a"]>().toEqualTypeOf<number | undefined>();
  expectTypeOf<NonNullable<Data["extra"]>["b"]>().toEqualTypeOf<unknown>();
  expectTypeOf<DataOf<typeof anything>>().toEqualTypeOf<Record<string, unknown>>();
  expectTypeOf<keyof PayloadsOf<typeof orderShipped | typeof anything>>().toEqualTypeOf<
    "order-shipped" | "anything"
  >();
  const byCode = () =>
    createCarillon<PayloadsOf<typeof orderShipped | typeof anything>>({ apiKey: "x" }).workflows;
  const lines = [{ sku: "S-1" }];
  const calls = [
    () => untyped().trigger(orderShipped, { to: "ada", data: { order_id: "A-1", lines, gift: "wrapped" } }),
    // A typed client triggers workflows that are defined elsewhere, too.
    () => typed().trigger(orderShipped, { to: "ada", data: { order_id: "A-1", lines } }),
    () => untyped().trigger(anything, { to: "ada" }),
    // @ts-expect-error -- the data is missing
    () => untyped().trigger(orderShipped, { to: "ada" }),
    // @ts-expect-error -- a required field is missing
    () => untyped().trigger(orderShipped, { to: "ada", data: { order_id: "A-1" } }),
    // @ts-expect-error -- the wrong type, deep inside
    () => untyped().trigger(orderShipped, { to: "ada", data: { order_id: "A-1", lines: [{ sku: 1 }] } }),
    // @ts-expect-error -- none of the choices
    () => untyped().trigger(orderShipped, { to: "ada", data: { order_id: "A-1", lines, carrier: "fax" } }),
    // @ts-expect-error -- a field that it does not take
    () => untyped().trigger(orderShipped, { to: "ada", data: { order_id: "A-1", lines, oder: 1 } }),
    // @ts-expect-error -- a dry run takes what a trigger takes
    () => untyped().dryRun(orderShipped, { to: "ada", data: { order_id: 1, lines } }),
    () => byCode().triggerMany([{ workflow: "order-shipped", to: "ada", data: { order_id: "A-1", lines } }]),
    // @ts-expect-error -- the wrong type, by the slug
    () => byCode().triggerMany([{ workflow: "order-shipped", to: "ada", data: { order_id: 1, lines } }]),
    // @ts-expect-error -- a workflow has nodes
    () => defineWorkflow({ slug: "none", name: "None", category: "system" }),
  ];
  expect(calls).toHaveLength(12);
});

it("types recipients, replies and lists", () => {
  expectTypeOf<{ distinct_id: string; $email: string; plan: number }>().toExtend<Recipient>();
  expectTypeOf<{ is_transient: true; $sms: string[] }>().toExtend<Recipient>();
  expectTypeOf<{ object_type: string; id: string }>().toExtend<Recipient>();
  // @ts-expect-error -- an address is no number
  expectTypeOf<{ distinct_id: string; $email: number }>().toExtend<Recipient>();
  const { users, messages } = {
    users: () => createCarillon({ apiKey: "x" }).users,
    messages: () => createCarillon({ apiKey: "x" }).messages,
  };
  expectTypeOf<Awaited<ReturnType<ReturnType<typeof users>["get"]>>>().toEqualTypeOf<User>();
  expectTypeOf<User["distinct_id"]>().toBeString();
  const calls = [
    () => messages().list({ status: ["seen"], created_at_gte: new Date(), limit: 5, is_campaign: true }),
    // @ts-expect-error -- no such filter
    () => messages().list({ stauts: "seen" }),
    // @ts-expect-error -- no such channel
    () => messages().list({ channel: "fax" }),
  ];
  expect(calls).toHaveLength(3);
});
