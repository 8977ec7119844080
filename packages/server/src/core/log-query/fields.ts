import { LOGGED_CHANNELS } from "../channel.ts";

/**
 * What can be asked of each log, in the one language that the server and its pages share. A filter that a log does not
 * have is an error there, never ignored.
 */
export interface Field {
  /** In words, for completion and for the reference. */
  help: string;
  /** Nothing else is taken. A name may stand for what another log calls by it. */
  choices?: Readonly<Record<string, readonly string[]>>;
  /** `order-*` is taken: what begins so. */
  takes_prefix?: boolean;
  is_time?: boolean;
}

const same = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, [name]]));

const SPAN = {
  since: { help: "after a time: 2h, 3d, 2026-11-30, 2026-11-30T09:30:00Z", is_time: true },
  until: { help: "before a time", is_time: true },
} as const satisfies Record<string, Field>;

const SHARED = {
  user: { help: "a user's id or address, or type/id of an object" },
  workflow: { help: "slug of a workflow", takes_prefix: true },
  tenant: { help: "id of a tenant" },
  key: { help: "idempotency key", takes_prefix: true },
} as const satisfies Record<string, Field>;

export const LOG_FIELDS = {
  request: {
    ...SPAN,
    ...SHARED,
    status: {
      help: "how the request ended",
      choices: {
        ...same(["in_progress", "completed", "partial_failure", "failure", "skipped", "cancelled"]),
        failed: ["failure"],
        waiting: ["in_progress"],
      },
    },
    api: { help: "what made it", choices: same(["workflow", "dynamic", "event", "broadcast", "user_edit"]) },
    name: { help: "the workflow, event or list, as it was sent", takes_prefix: true },
    request: { help: "id of a request" },
  },
  execution: {
    ...SPAN,
    ...SHARED,
    status: {
      help: "how the run ended",
      choices: {
        ...same(["in_progress", "completed", "partial_failure", "failed", "cancelled"]),
        waiting: ["in_progress"],
      },
    },
    channel: { help: "it made a message on this channel", choices: same(LOGGED_CHANNELS) },
    template: { help: "it made a message of this template", takes_prefix: true },
    category: { help: "slug of a category" },
    request: { help: "id of its request" },
    run: { help: "id of a run" },
  },
  message: {
    ...SPAN,
    ...SHARED,
    status: {
      help: "how far the message came",
      choices: {
        ...same([
          "to_be_triggered",
          "not_to_be_triggered",
          "triggered",
          "trigger_blocked",
          "trigger_failed",
          "sent_by_vendor",
          "delivered",
          "seen",
          "clicked",
          "dismissed",
          "failure_by_vendor",
          "delivery_failure",
        ]),
        failed: ["trigger_failed", "failure_by_vendor", "delivery_failure"],
        waiting: ["to_be_triggered", "triggered"],
        sent: ["sent_by_vendor"],
      },
    },
    channel: { help: "the channel", choices: same(LOGGED_CHANNELS) },
    template: { help: "slug of a template", takes_prefix: true },
    category: { help: "slug of a category", takes_prefix: true },
    vendor: { help: "slug of the vendor", takes_prefix: true },
    class: { help: "what kind of failure it is" },
    run: { help: "id of its run" },
    message: { help: "id of a message" },
    broadcast: { help: "execution_id of its broadcast" },
  },
} as const satisfies Record<string, Record<string, Field>>;

export type LogName = keyof typeof LOG_FIELDS;

export const LOG_NAMES = Object.keys(LOG_FIELDS) as LogName[];
