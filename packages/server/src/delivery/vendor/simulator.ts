import { z } from "zod";
import { type Channel, CHANNEL_TRAITS, defaultProvider, isPush } from "../../core/channel.ts";
import type { Json } from "../../core/json.ts";
import { failure } from "./failure.ts";
import type { Failed, Outcome, OutgoingMessage, Sent, Vendor } from "./vendor.ts";
import { defineVendor } from "./vendor.ts";

/**
 * The vendor that sends nothing: for sandboxes, tests and first steps without an account. It accepts every message (the
 * message row keeps the rendered content) unless the identity asks for something else:
 *
 * | word        | digits | what happens                                                                    |
 * |-------------|--------|---------------------------------------------------------------------------------|
 * | (any other) | (any)  | accepted                                                                        |
 * | delivered   | 0001   | accepted; delivered after 1 s                                                   |
 * | bounce      | 0002   | refused: this address will never work, and is inactivated                       |
 * | defer       | 0003   | fails temporarily on attempts 1 and 2, is accepted after that                   |
 * | seen        | 0004   | accepted; delivered after 1 s, seen after 2 s                                   |
 * | click       | 0005   | accepted; delivered after 1 s, seen after 2 s, clicked after 3 s                |
 * | throttle    | 0006   | "not now, in 2 seconds" on attempt 1, is accepted after that                    |
 * | undelivered | 0007   | accepted; a delivery failure is reported after 1 s                              |
 * | reject      | 0008   | refused: this content                                                           |
 * | config      | 0009   | refused: these credentials                                                      |
 * | hang        | 0010   | no answer until the call is aborted: it may or may not have been sent           |
 *
 * - An e-mail address has the word before its first plus: `bounce+anything@example.com`.
 * - A phone number has the digits as its last four: `+14155550002`.
 * - A token, an id, or a part of a URL's path starts with the word, followed by one of `+ - _ : .` or nothing:
 *   `bounce-f00d`, `https://push.example/send/bounce-1`. If the identity is an object, its first value with a word
 *   counts.
 *
 * The outcome depends only on the identity and the attempt, so a test that replays a run sees the same again.
 */
export function defineSimulator(channel: Channel): Vendor {
  const { has_receipts } = CHANNEL_TRAITS[channel];
  return defineVendor({
    slug: `simulator-${channel}`,
    vendor: "simulator",
    channel,
    name: "Simulator",
    config: z.object({}),
    ...(has_receipts ? { reports_by_itself: true as const } : {}),
    ...(isPush(channel) ? { provider: defaultProvider(channel) } : {}),
    open: () => ({
      send: (message, signal) => simulate(message, signal, !has_receipts),
      verify: async () => ({ ok: true }),
    }),
  });
}

type Behaviour =
  | "accept"
  | "delivered"
  | "bounce"
  | "defer"
  | "seen"
  | "click"
  | "throttle"
  | "undelivered"
  | "reject"
  | "config"
  | "hang";

const DIGITS: Record<string, Behaviour> = {
  "0001": "delivered",
  "0002": "bounce",
  "0003": "defer",
  "0004": "seen",
  "0005": "click",
  "0006": "throttle",
  "0007": "undelivered",
  "0008": "reject",
  "0009": "config",
  "0010": "hang",
};

const WORDS = new Map(Object.values(DIGITS).map((word): [string, Behaviour] => [word, word]));

const RECEIPTS: NonNullable<Sent["receipts"]> = [
  { status: "delivered", after_ms: 1000 },
  { status: "seen", after_ms: 2000 },
  { status: "clicked", after_ms: 3000 },
];

type React = (accepted: Sent, attempt: number, signal: AbortSignal) => Outcome | Promise<Outcome>;

const REACTIONS: Record<Behaviour, React> = {
  accept: (accepted) => accepted,
  delivered: (accepted) => ({ ...accepted, receipts: RECEIPTS.slice(0, 1) }),
  seen: (accepted) => ({ ...accepted, receipts: RECEIPTS.slice(0, 2) }),
  click: (accepted) => ({ ...accepted, receipts: RECEIPTS.slice(0, 3) }),
  undelivered: ({ vendor_message_id }) => ({
    kind: "sent",
    vendor_message_id,
    receipts: [{ status: "delivery_failure", after_ms: 1000, reason: "simulated: undelivered" }],
  }),
  bounce: () => ({ ...simulated("recipient", "bounce"), inactivate: true }),
  reject: () => simulated("message", "reject"),
  config: () => simulated("config", "config"),
  defer: (accepted, attempt) => (attempt <= 2 ? simulated("transient", "defer") : accepted),
  throttle: (accepted, attempt) =>
    attempt <= 1 ? { ...simulated("throttled", "throttle"), retry_after: 2 } : accepted,
  hang: async (_accepted, _attempt, signal) => {
    await aborted(signal);
    return { kind: "ambiguous", code: "simulated_hang", message: "simulated: no answer" };
  },
};

async function simulate(message: OutgoingMessage, signal: AbortSignal, delivered: boolean): Promise<Outcome> {
  const accepted: Sent = {
    kind: "sent",
    vendor_message_id: `sim-${message.message_id}-${message.attempt}`,
    ...(delivered ? { delivered } : {}),
  };
  return REACTIONS[behaviourOf(message.to)](accepted, message.attempt, signal);
}

function simulated(kind: Failed["class"], word: string): Failed {
  return failure(kind, `simulated_${word}`, `simulated: ${word}`);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
    } else {
      signal.addEventListener("abort", () => resolve(), { once: true });
    }
  });
}

function behaviourOf(to: Json): Behaviour {
  if (typeof to === "string") {
    return behaviourOfText(to);
  }
  if (typeof to !== "object" || to === null) {
    return "accept";
  }
  for (const value of Object.values(to)) {
    const behaviour = behaviourOf(value);
    if (behaviour !== "accept") {
      return behaviour;
    }
  }
  return "accept";
}

function behaviourOfText(text: string): Behaviour {
  if (/^\+?\d{7,15}$/.test(text)) {
    return DIGITS[text.slice(-4)] ?? "accept";
  }
  if (URL.canParse(text)) {
    const carried = new URL(text).pathname.split("/").map((part) => wordOf(part, "+-_:."));
    return carried.find((word) => word !== "accept") ?? "accept";
  }
  // In a mailbox a hyphen is an ordinary character: `seen-team@` is not an instruction.
  return wordOf(text, text.includes("@") ? "+" : "+-_:.");
}

function wordOf(text: string, separators: string): Behaviour {
  const word = /^[a-z]+/i.exec(text)?.[0] ?? "";
  const next = text.charAt(word.length);
  const ends = next === "" || separators.includes(next);
  return (ends ? WORDS.get(word.toLowerCase()) : undefined) ?? "accept";
}
