import { afterAll, beforeAll, expect, it } from "vitest";
import { createHarness, type Harness } from "../../../../test/harness.ts";
import { usedHeap } from "../../../../test/hostile/memory.ts";
import { createHub } from "../../../../test/hub.ts";

const MEGABYTE = 1024 * 1024;

let harness: Harness;

beforeAll(async () => {
  harness = await createHarness({ role: "api" });
});
afterAll(() => harness.close());

it("workflows that cannot exist are not found, and not cached", async () => {
  const hub = await createHub(harness);
  const trigger = (workflow: string) => hub.call("POST", "/trigger/", { workflow, recipients: ["ada"] });
  const { status, text } = await trigger("x".repeat(200_000));
  expect(status).toBe(404);
  expect(text.length).toBeLessThan(1000);
  const before = usedHeap();
  for (let index = 0; index < 200; index++) await trigger(`${index}${"x".repeat(200_000)}`);
  expect(usedHeap() - before).toBeLessThan(10 * MEGABYTE);
});
