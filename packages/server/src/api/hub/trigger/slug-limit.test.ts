import { expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";
import { usedHeap } from "../../../../test/hostile/memory.ts";

const MEGABYTE = 1024 * 1024;

it("workflows that cannot exist are not found, and not cached", async ({ hub }) => {
  const trigger = (workflow: string) => hub.call("POST", "/trigger/", { workflow, recipients: ["ada"] });
  const { status, text } = await trigger("x".repeat(200_000));
  expect(status).toBe(404);
  expect(text.length).toBeLessThan(1000);
  const before = usedHeap();
  for (let index = 0; index < 200; index++) await trigger(`${index}${"x".repeat(200_000)}`);
  expect(usedHeap() - before).toBeLessThan(10 * MEGABYTE);
});
