import { expect, expectTypeOf, it } from "vitest";
import { createCarillon, type Recipient, type User } from "../src/index.ts";

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
