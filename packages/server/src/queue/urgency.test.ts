import { describe, expect, it } from "vitest";
import { createUrgency } from "./urgency.ts";

const NEVER_MS = 3_600_000;
const patient = () => createUrgency({ hold_ms: NEVER_MS, patience_ms: NEVER_MS });

describe("work of a lane", () => {
  it("does not wait while no more urgent work is in progress", () => {
    const { begin, waitForUrgentWork } = patient();
    expect([waitForUrgentWork(0), waitForUrgentWork(1), waitForUrgentWork(2)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    begin(2);
    expect(waitForUrgentWork(2)).toBeUndefined();
    begin(1);
    expect([waitForUrgentWork(0), waitForUrgentWork(1)]).toEqual([undefined, undefined]);
  });

  it("continues when all more urgent work is done, and less urgent work continues later", async () => {
    const { begin, waitForUrgentWork } = patient();
    const order: string[] = [];
    const ends = { first: begin(0), second: begin(0), mail: begin(1) };
    const mails = Promise.resolve(waitForUrgentWork(1)).then(() => order.push("transactional"));
    const campaigns = Promise.resolve(waitForUrgentWork(2)).then(() => order.push("promotional"));
    ends.first();
    await Promise.resolve();
    order.push("second");
    ends.second();
    ends.second();
    await mails;
    order.push("mail");
    ends.mail();
    await campaigns;
    expect(order).toEqual(["second", "transactional", "mail", "promotional"]);
    expect(waitForUrgentWork(2)).toBeUndefined();
  });

  it("continues after a while, however busy the others are", async () => {
    const { begin, waitForUrgentWork } = createUrgency({ hold_ms: NEVER_MS, patience_ms: 1 });
    begin(0);
    await waitForUrgentWork(2);
    expect(waitForUrgentWork(2)).toBeInstanceOf(Promise);
  });

  it("is not held back for long by work that waits for something external", async () => {
    const { begin, waitForUrgentWork } = createUrgency({ hold_ms: 1, patience_ms: NEVER_MS });
    begin(0);
    await waitForUrgentWork(2);
    expect(waitForUrgentWork(2)).toBeUndefined();
  });
});
