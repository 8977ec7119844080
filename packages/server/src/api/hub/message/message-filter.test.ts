import { describe, expect, it } from "vitest";
import { type MessageFilter, messageQuery } from "./message-filter.ts";

const NONE: MessageFilter = {
  statuses: null,
  channel: null,
  recipient_ids: null,
  categories: null,
  from: null,
  until: null,
  workflow_slug: null,
  execution_id: null,
  idempotency_key: null,
  message_id: null,
  tenant_id: null,
  is_campaign: null,
  object: null,
};

const filterOf = (query: object) => messageQuery.parse(query).filter;

function refusalOf(query: object): string[] {
  const parsed = messageQuery.safeParse(query);
  return parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

describe("messageQuery", () => {
  it("filters nothing by default", () => {
    expect(filterOf({})).toEqual(NONE);
  });

  it("treats empty values as absent", () => {
    const query = {
      status: "",
      "recipient_id[]": ["", ""],
      channel: "",
      is_campaign: "",
      created_at_gte: " ",
      after: "",
      workflow_slug: "",
      tenant_id: "",
      object_id: "",
    };
    expect(filterOf(query)).toEqual(NONE);
  });

  it.each([
    [{ "status[]": "seen" }, [{ statuses: ["seen"] }]],
    [{ status: "seen" }, [{ statuses: ["seen"] }]],
    [
      { "status[]": ["read", "archived"] },
      [
        { flag: "is_read", value: true },
        { flag: "is_archived", value: true },
      ],
    ],
    [{ status: "unread", "status[]": "unread" }, [{ flag: "is_read", value: false }]],
    [
      { status: "delivery_failed" },
      [{ statuses: ["trigger_failed", "failure_by_vendor", "delivery_failure"] }],
    ],
    [{ status: "delivery_failure" }, [{ statuses: ["failure_by_vendor", "delivery_failure"] }]],
    [
      { status: "triggered" },
      [
        {
          statuses: [
            "triggered",
            "trigger_blocked",
            "sent_by_vendor",
            "to_be_triggered",
            "not_to_be_triggered",
          ],
        },
      ],
    ],
    ...[
      "to_be_triggered",
      "not_to_be_triggered",
      "trigger_blocked",
      "trigger_failed",
      "sent_by_vendor",
      "delivered",
      "clicked",
      "dismissed",
    ].map((status): [object, object[]] => [{ "status[]": [status] }, [{ statuses: [status] }]]),
  ])("reads the statuses of %j", (query, statuses) => {
    expect(filterOf(query)).toEqual({ ...NONE, statuses });
  });

  it.each([
    ["", undefined],
    ["0", 1],
    ["-5", 1],
    ["7", 7],
    ["5000", 1000],
    ["99999999999", 1000],
  ])("brings the limit %j into its range", (limit, expected) => {
    expect(messageQuery.parse({ limit }).limit).toBe(expected);
  });

  it("reads lists in both spellings", () => {
    const query = {
      recipient_id: "u1",
      "recipient_id[]": ["u2", "u1"],
      category: ["a", "b"],
      "category[]": "c",
    };
    expect(filterOf(query)).toEqual({ ...NONE, recipient_ids: ["u1", "u2"], categories: ["a", "b", "c"] });
  });

  it("reads the single values", () => {
    const single = {
      workflow_slug: "w",
      execution_id: "e",
      idempotency_key: "k",
      message_id: "m",
      tenant_id: "t",
    };
    const query = { ...single, channel: "email", is_campaign: "false", object_type: "team", object_id: "1" };
    expect(filterOf(query)).toEqual({
      ...NONE,
      ...single,
      channel: "email",
      is_campaign: false,
      object: { object_type: "team", id: "1" },
    });
  });

  it("includes the whole of both seconds", () => {
    const query = { created_at_gte: "2026-11-20T10:00:00.900Z", created_at_lte: "2026-11-20T10:00:00.100Z" };
    expect(filterOf(query)).toEqual({
      ...NONE,
      from: new Date("2026-11-20T10:00:00Z"),
      until: new Date("2026-11-20T10:00:01Z"),
    });
  });

  it.each([
    "2026-11-20T15:30:00+05:30",
    "2026-11-20T15:30:00 05:30",
    "2026-11-20T10:00:00Z",
    "2026-11-20 10:00:00",
  ])("reads the instant %s, an unencoded plus sign included", (created_at_gte) => {
    expect(filterOf({ created_at_gte }).from).toEqual(new Date("2026-11-20T10:00:00Z"));
  });

  it.each([
    ["an unknown status", { "status[]": ["seen", "sent"] }, /^status\[\]: must be one of \['triggered'/],
    [
      "an unknown status under the name that was used",
      { status: "constructor" },
      /^status: must be one of \['triggered'/,
    ],
    ["several statuses in one value", { status: "seen,clicked" }, /^status: must be one of /],
    ["an unknown channel", { channel: "fax" }, /^channel: must be one of \['email' .* 'webhook'\]$/],
    ["a channel twice", { channel: ["sms", "email"] }, /^channel: must be given only once$/],
    ["a flag twice", { is_campaign: ["true", "false"] }, /^is_campaign: must be given only once$/],
    [
      "a text that is too long",
      { tenant_id: "t".repeat(513) },
      /^tenant_id: must be at most 512 characters$/,
    ],
    [
      "a long value in a list",
      { "recipient_id[]": ["a", "r".repeat(513)] },
      /^recipient_id\[\]: each must be at most 512 characters$/,
    ],
    [
      "a list without end",
      { category: Array.from({ length: 101 }, (_unused, n) => `c${n}`) },
      /^category: must contain at maximum 100 items$/,
    ],
    [
      "a cursor that is none",
      { after: "2" },
      /^after: is not a cursor of this list: take one from the `meta`/,
    ],
    ["a cursor in small letters", { before: "01hvxxxxxxxxxxxxxxxxxxxx01" }, /^before: is not a cursor/],
    [
      "a time that is none",
      { created_at_gte: "yesterday" },
      /^created_at_gte: must be an RFC 3339 date-time$/,
    ],
    [
      "a span that ends before it begins",
      { created_at_gte: "2026-11-20T10:00:01Z", created_at_lte: "2026-11-20T10:00:00Z" },
      /^created_at_lte: must not be before created_at_gte$/,
    ],
    ["an object without its type", { object_id: "1" }, /^object_type: is a required field$/],
    ["a type without its object", { object_type: "team" }, /^object_id: is a required field$/],
    ["a flag that is none", { is_campaign: "maybe" }, /^is_campaign: must be true or false$/],
    ["a limit that is none", { limit: "all" }, /^limit: must be a whole number$/],
    ["a single value twice", { tenant_id: ["a", "b"] }, /^tenant_id: must be given only once$/],
  ])("refuses %s", (_title, query, message) => {
    const refusals = refusalOf(query);
    expect(refusals).toHaveLength(1);
    expect(refusals[0]).toMatch(message);
  });
});
