import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CHANNELS } from "../core/channel.ts";
import type { Failed, FailureClass, Outcome } from "./vendor/vendor.ts";
import { type Attempted, judge, MAX_ATTEMPTS, mayRepeat } from "./verdict.ts";

const sms = (more: Partial<Attempted> = {}): Attempted => ({
  channel: "sms",
  lane: 1,
  attempt: 1,
  undelivered: null,
  has_next: false,
  ...more,
});

const failure = (failure: FailureClass, more: Partial<Failed> = {}): Failed => ({
  kind: "failed",
  class: failure,
  code: "code",
  message: "in the vendor's words",
  ...more,
});

const ambiguous: Outcome = { kind: "ambiguous", code: "timeout", message: "no answer" };

describe("a message that was sent", () => {
  it("is with the vendor until a report comes, or delivered where acceptance is delivery", () => {
    expect(judge(sms(), { kind: "sent", vendor_message_id: "SM1" }, 0)).toMatchObject({
      status: "sent_by_vendor",
      vendor_message_id: "SM1",
      failure_reason: null,
      failure_class: null,
      retry_in_ms: null,
      inactivate: false,
      receipts: [],
      inbox_item: null,
    });
    expect(judge(sms(), { kind: "sent", vendor_message_id: null, delivered: true }, 0)).toMatchObject({
      status: "delivered",
    });
  });

  it("keeps the reports that will come by themselves", () => {
    const receipts = [
      { status: "delivered" as const, after_ms: 1000 },
      { status: "delivery_failure" as const, after_ms: 2000, reason: "gone" },
    ];
    expect(judge(sms(), { kind: "sent", vendor_message_id: null, receipts }, 0).receipts).toEqual([
      { status: "delivered", after_ms: 1000, reason: null },
      { status: "delivery_failure", after_ms: 2000, reason: "gone" },
    ]);
  });
});

describe("a refusal", () => {
  it.each(["recipient", "message", "config"] as const)(
    "of class %s is final on the first attempt",
    (name) => {
      expect(judge(sms(), failure(name), 0.5)).toMatchObject({
        status: "trigger_failed",
        failure_class: name,
        failure_reason: "in the vendor's words",
        retry_in_ms: null,
        inactivate: false,
      });
    },
  );

  it("for a dead address suppresses it", () => {
    expect(judge(sms(), failure("recipient", { inactivate: true }), 0).inactivate).toBe(true);
  });
});

describe("a temporary failure", () => {
  it.each([
    [1, 1000],
    [2, 5000],
    [3, 30_000],
    [4, 120_000],
    [5, 600_000],
  ])("is tried again after attempt %i, in %i ms give or take a fifth", (attempt, ms) => {
    const wait = (random: number) => judge(sms({ attempt }), failure("transient"), random).retry_in_ms;

    expect([wait(0), wait(0.5), wait(1)]).toEqual([ms * 0.8, ms, ms * 1.2]);
    expect(judge(sms({ attempt }), failure("transient"), 0).status).toBe("triggered");
  });

  it.each(["transient", "throttled"] as const)("of class %s is final after the last attempt", (name) => {
    expect(judge(sms({ attempt: MAX_ATTEMPTS }), failure(name), 0)).toMatchObject({
      status: "trigger_failed",
      failure_class: name,
      retry_in_ms: null,
    });
  });

  it.each([
    ["longer than our own wait", 90, 90_000],
    ["shorter than our own wait", 0.1, 1000],
    ["longer than a day", 1_000_000, 86_400_000],
    ["nothing", undefined, 1000],
  ])("waits as long as the vendor asked: %s", (_name, retry_after, ms) => {
    const outcome = failure("throttled", retry_after === undefined ? {} : { retry_after });
    expect(judge(sms(), outcome, 0.5).retry_in_ms).toBe(ms);
  });
});

describe("a message that may or may not have been sent", () => {
  const folded = ["email", "inbox", "androidpush", "iospush", "webpush"] as const;
  const doubled = ["sms", "whatsapp", "slack", "ms_teams"] as const;

  it("has a rule on every channel", () => {
    expect([...folded, ...doubled].toSorted()).toEqual([...CHANNELS].toSorted());
  });

  it.each(
    [0, 1, 2].flatMap((lane) => [
      ...folded.map((channel) => ({ channel, lane, again: true })),
      ...doubled.map((channel) => ({ channel, lane, again: lane < 2 })),
    ]) as { channel: Attempted["channel"]; lane: Attempted["lane"]; again: boolean }[],
  )("by $channel in lane $lane: sent again is $again", ({ channel, lane, again }) => {
    expect(mayRepeat({ channel, lane })).toBe(again);
    expect(judge(sms({ channel, lane }), ambiguous, 0.5)).toMatchObject({
      status: again ? "triggered" : "trigger_failed",
      failure_class: "ambiguous",
      failure_reason: "ambiguous: no answer",
      retry_in_ms: again ? 1000 : null,
    });
  });

  it("is not sent again forever", () => {
    const last = sms({ channel: "email", lane: 0, attempt: MAX_ATTEMPTS });
    expect(judge(last, ambiguous, 0)).toMatchObject({ status: "trigger_failed", failure_class: "ambiguous" });
  });
});

describe("a copy of a mail", () => {
  const mail = (more: Partial<Attempted> = {}) => sms({ channel: "email", ...more });
  const undelivered = [
    { address: "later@x.io", outcome: failure("transient") },
    { address: "busy@x.io", outcome: failure("throttled", { retry_after: 60 }) },
    { address: "dead@x.io", outcome: failure("recipient", { inactivate: true }) },
    { address: "lost@x.io", outcome: ambiguous },
  ];
  const sent: Outcome = { kind: "sent", vendor_message_id: "Q1", undelivered };
  const deferred = (verdict: ReturnType<typeof judge>) =>
    verdict.copies.filter(({ is_deferred }) => is_deferred).map(({ address }) => address);

  it("that failed temporarily is sent again, and leaves the recipient's result alone", () => {
    const verdict = judge(mail(), sent, 0.5);
    expect(verdict).toMatchObject({
      status: "sent_by_vendor",
      failure_reason: null,
      vendor_message_id: "Q1",
      retry_in_ms: 60_000,
      inactivate: false,
    });
    expect(deferred(verdict)).toEqual(["later@x.io", "busy@x.io", "lost@x.io"]);
    expect(verdict.copies[2]).toEqual({
      address: "dead@x.io",
      class: "recipient",
      reason: "in the vendor's words",
      is_deferred: false,
    });
  });

  it("is not sent again forever", () => {
    const verdict = judge(mail({ attempt: MAX_ATTEMPTS }), sent, 0.5);
    expect(verdict).toMatchObject({ status: "sent_by_vendor", retry_in_ms: null });
    expect(deferred(verdict)).toEqual([]);
  });

  it("is judged by its own attempt alone, whatever that comes to", () => {
    const retry = mail({ attempt: 2, undelivered: ["a@x.io", "b@x.io"] });
    for (const outcome of [failure("transient"), ambiguous]) {
      const verdict = judge(retry, outcome, 0.5);
      expect(verdict).toMatchObject({ status: "sent_by_vendor", failure_reason: null, retry_in_ms: 5000 });
      expect(deferred(verdict)).toEqual(["a@x.io", "b@x.io"]);
    }
    expect(judge(retry, failure("config", { inactivate: true }), 0.5)).toMatchObject({
      status: "sent_by_vendor",
      inactivate: false,
      retry_in_ms: null,
      copies: [
        { address: "a@x.io", class: "config", is_deferred: false },
        { address: "b@x.io", class: "config", is_deferred: false },
      ],
    });
    expect(judge(retry, { kind: "sent", vendor_message_id: null }, 0.5)).toMatchObject({
      copies: [],
      retry_in_ms: null,
    });
  });
});

it("a verdict waits exactly when it is not final, and never longer than a day", () => {
  const outcomes: fc.Arbitrary<Outcome> = fc.oneof(
    fc.record({
      kind: fc.constant("sent" as const),
      vendor_message_id: fc.option(fc.string()),
      delivered: fc.boolean(),
    }),
    fc.constant(ambiguous),
    fc
      .record({
        name: fc.constantFrom<FailureClass>("recipient", "message", "config", "throttled", "transient"),
        retry_after: fc.double({ min: 0, max: 1e9, noNaN: true }),
      })
      .map(({ name, retry_after }) => failure(name, { retry_after })),
  );
  const attempted = fc.record({
    channel: fc.constantFrom(...CHANNELS),
    lane: fc.constantFrom(0 as const, 1 as const, 2 as const),
    attempt: fc.integer({ min: 1, max: 50 }),
    undelivered: fc.constant(null),
    has_next: fc.boolean(),
  });
  fc.assert(
    fc.property(
      attempted,
      outcomes,
      fc.double({ min: 0, max: 1, noNaN: true }),
      (message, outcome, random) => {
        const { status, retry_in_ms } = judge(message, outcome, random);
        expect(retry_in_ms !== null).toBe(status === "triggered");
        if (retry_in_ms !== null) {
          expect(message.attempt).toBeLessThan(MAX_ATTEMPTS);
          expect(retry_in_ms).toBeGreaterThanOrEqual(800);
          expect(retry_in_ms).toBeLessThanOrEqual(86_400_000);
        }
      },
    ),
  );
});

describe("a message whose priority list goes on", () => {
  const listed = (more: Partial<Attempted> = {}) => sms({ has_next: true, ...more });

  it.each(["message", "config", "throttled", "transient"] as const)(
    "goes on after a failure of the class %s",
    (kind) => {
      expect(judge(listed(), failure(kind), 0)).toMatchObject({
        status: "trigger_failed",
        failure_class: kind,
        hands_over: true,
        retry_in_ms: null,
      });
    },
  );

  it("ends with an address that nobody reaches", () => {
    expect(judge(listed(), failure("recipient", { inactivate: true }), 0)).toMatchObject({
      status: "trigger_failed",
      hands_over: false,
      inactivate: true,
    });
  });

  it("goes on when in doubt, unless a duplicate would be noise", () => {
    const doubt: Outcome = { kind: "ambiguous", code: "timeout", message: "no answer" };
    expect(judge(listed(), doubt, 0)).toMatchObject({ failure_class: "ambiguous", hands_over: true });
    expect(judge(listed({ lane: 2 }), doubt, 0)).toMatchObject({
      status: "trigger_failed",
      failure_class: "ambiguous",
      hands_over: false,
    });
  });

  it("stays where it was accepted", () => {
    expect(judge(listed(), { kind: "sent", vendor_message_id: "1" }, 0)).toMatchObject({
      status: "sent_by_vendor",
      hands_over: false,
    });
  });
});
