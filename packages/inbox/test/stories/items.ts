import type { Item, ItemMessage, PreferencesState } from "../../src/core/types.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

interface Given extends Partial<Omit<Item, "message">> {
  /** Milliseconds before now. */
  age?: number;
  message?: Partial<ItemMessage>;
}

let made = 0;

export function item({ age = 0, message = {}, ...given }: Given = {}): Item {
  made += 1;
  const created_on = Date.now() - age;
  return {
    n_id: `n${made}`,
    n_category: "transactional",
    created_on,
    seen_on: null,
    read_on: null,
    interacted_on: null,
    archived: false,
    tags: [],
    expiry: null,
    is_expiry_visible: false,
    is_pinned: false,
    seq: made,
    snoozed_until: null,
    collapse_key: null,
    ...given,
    message: { schema: "1.0", text: "Something happened.", ...message },
  };
}

/** A face, drawn: stories load nothing. */
function face(letter: string, from: string, to: string): { avatar_url: string } {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="72" height="72"><defs><linearGradient id="g" x2="1" y2="1"><stop stop-color="${from}"/><stop offset="1" stop-color="${to}"/></linearGradient></defs><rect width="72" height="72" fill="url(#g)"/><text x="36" y="46" font-family="sans-serif" font-size="28" font-weight="600" fill="#fff" text-anchor="middle">${letter}</text></svg>`;
  return { avatar_url: `data:image/svg+xml,${encodeURIComponent(svg)}` };
}

/** An ordinary day: people, machines, a pinned one, a stack, buttons. */
export function ordinary(): Item[] {
  const read = { read_on: Date.now() - HOUR, seen_on: Date.now() - HOUR };
  return [
    item({
      age: 3 * DAY,
      is_pinned: true,
      ...read,
      message: {
        header: "Planned maintenance on Sunday",
        text: "Deployments are paused from **02:00** to **04:00 UTC**. Nothing for you to do.",
        url: "/status",
        avatar: face("S", "#f59f00", "#e8590c"),
      },
    }),
    item({
      age: 2 * MINUTE,
      message: {
        header: "Grace Hopper asked for your review",
        text: "“Retry webhooks with backoff”, 4 files in `delivery/`",
        url: "/pulls/412",
        avatar: face("G", "#4263eb", "#7048e8"),
        actions: [
          { name: "Review", url: "/pulls/412/review" },
          { name: "Later", url: "/pulls" },
        ],
      },
    }),
    item({
      age: 18 * MINUTE,
      collapse_key: "comments-88",
      message: {
        header: "Ada Lovelace commented on your note",
        text: "The loop in step 4 can be folded into one table, see [my draft](https://example.com/draft).",
        url: "/notes/88",
        avatar: face("A", "#0ca678", "#1098ad"),
      },
    }),
    ...[40, 55, 70, 90].map((age) =>
      item({
        age: age * MINUTE,
        collapse_key: "comments-88",
        ...read,
        message: {
          header: "Ada Lovelace commented on your note",
          text: "One more thought on the numbering.",
          url: "/notes/88",
          avatar: face("A", "#0ca678", "#1098ad"),
        },
      }),
    ),
    item({
      age: 5 * HOUR,
      ...read,
      message: {
        header: "Invoice 2026-1187 is paid",
        text: "We received **€ 1,240.00**. Thank you!",
        subtext: { text: "View invoice", action_url: "/invoices/1187" },
      },
    }),
    item({
      age: 26 * HOUR,
      ...read,
      message: {
        header: "Build 5521 failed",
        text: "2 of 318 tests failed on `main`.",
        url: "/builds/5521",
        avatar: face("B", "#e03131", "#c2255c"),
        actions: [{ name: "Open log", url: "/builds/5521/log" }],
      },
    }),
    item({
      age: 2 * DAY,
      ...read,
      expiry: Date.now() + 2 * DAY,
      is_expiry_visible: true,
      message: {
        header: "Your trial ends soon",
        text: "Choose a plan to keep your history.",
        url: "/billing",
        avatar: face("C", "#495057", "#212529"),
      },
    }),
  ];
}

const WORDS =
  "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft and then a lot more that nobody will ever read to its end, ";

export function long(): Item[] {
  return [
    item({
      age: MINUTE,
      message: {
        header: WORDS.repeat(2),
        text: `${WORDS.repeat(4)}\n\n- one\n- two with \`code\`\n\n> quoted\n\n\`\`\`\nconst a = "${"x".repeat(120)}";\n\`\`\``,
        url: "/long",
        actions: Array.from({ length: 6 }, (_, index) => ({
          name: `Choice ${index + 1} of six`,
          url: `/choice/${index}`,
        })),
        subtext: { text: WORDS },
      },
    }),
    item({ age: 2 * MINUTE, message: { text: "Only a text, and no header at all.", url: "/only" } }),
    item({ age: HOUR, message: { header: "Only a header", text: "" } }),
  ];
}

export function many(count: number): Item[] {
  return Array.from({ length: count }, (_, index) =>
    item({
      n_id: `many-${index}`,
      age: index * 7 * MINUTE,
      ...(index % 3 === 0 ? {} : { read_on: 1, seen_on: 1 }),
      message: {
        header: `Notification ${index}`,
        text: index % 5 === 0 ? WORDS : "A text of one line.",
        url: `/many/${index}`,
      },
    }),
  );
}

export function arabic(): Item[] {
  return [
    item({
      age: 4 * MINUTE,
      message: {
        header: "طلبت منك سارة مراجعة المستند",
        text: "التقرير الربعي، **أربع صفحات** جاهزة للمراجعة.",
        url: "/ar/1",
        avatar: face("س", "#4263eb", "#7048e8"),
        actions: [
          { name: "مراجعة", url: "/ar/1/review" },
          { name: "لاحقًا", url: "/ar" },
        ],
      },
    }),
    item({
      age: 3 * HOUR,
      read_on: 1,
      seen_on: 1,
      is_pinned: true,
      message: {
        header: "صيانة مجدولة يوم الأحد",
        text: "لن تتمكن من النشر من الساعة 02:00 إلى 04:00.",
        url: "/ar/2",
      },
    }),
    item({
      age: 30 * HOUR,
      read_on: 1,
      seen_on: 1,
      message: { header: "Build 5521 failed", text: "2 of 318 tests failed.", url: "/ar/3" },
    }),
  ];
}

export function preferences(): Partial<PreferencesState> {
  const channels = (...off: string[]) =>
    ["email", "inbox", "webpush", "sms"].map((channel) => ({
      channel,
      preference: off.includes(channel) ? ("opt_out" as const) : ("opt_in" as const),
      is_editable: channel !== "inbox",
    }));
  return {
    status: "ready",
    sections: [
      {
        name: null,
        subcategories: [
          {
            name: "Security",
            category: "security",
            description: "Sign-ins, passwords and keys.",
            preference: "opt_in",
            is_editable: false,
            channels: channels("sms"),
          },
        ],
      },
      {
        name: "Work",
        description: "What happens in your projects.",
        subcategories: [
          {
            name: "Reviews",
            category: "reviews",
            description: "Someone asks for your review, or answers it.",
            preference: "opt_in",
            is_editable: true,
            channels: channels("sms"),
          },
          {
            name: "Newsletter",
            category: "newsletter",
            preference: "opt_out",
            is_editable: true,
            channels: channels("email", "webpush", "sms"),
          },
        ],
      },
    ],
    channel_preferences: [
      { channel: "email", is_restricted: false },
      { channel: "sms", is_restricted: true },
    ],
  };
}
