import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Channel } from "../../core/channel.ts";
import {
  blankContent,
  type ChannelRules,
  describeRefusal,
  inOrder,
  planCommit,
  templateHash,
  variantErrors,
  variantHash,
} from "./template-draft.ts";
import type { VariantSnapshot } from "../../catalog/template.ts";

const HEAD = {
  name: "T",
  description: null,
  tags: [],
  enabled_channels: ["email", "sms"] satisfies Channel[],
};

function variant(channel: Channel, id: string, change: Partial<VariantSnapshot> = {}): VariantSnapshot {
  const fields = {
    channel,
    id,
    tenant_id: null,
    locale: "en",
    conditions: [],
    content: { body: "one" },
    needs_vendor_approval: false,
    seq_no: 1,
    ...change,
  };
  return { ...fields, hash: variantHash(fields) };
}

const keysOf = (variants: readonly VariantSnapshot[]) =>
  variants.map(({ channel, id, content }) => `${channel}/${id}:${JSON.stringify(content.body)}`);

describe("order", () => {
  it("is by channel as they are listed everywhere, then by place, then by id", () => {
    const variants = [
      variant("inbox", "default"),
      variant("email", "b"),
      variant("email", "z", { seq_no: 0 }),
      variant("email", "a"),
    ];
    expect(keysOf(inOrder(variants))).toStrictEqual([
      'email/z:"one"',
      'email/a:"one"',
      'email/b:"one"',
      'inbox/default:"one"',
    ]);
  });
});

describe("hashes", () => {
  it("of a variant cover what a recipient could tell, and neither place nor key order", () => {
    const base = variant("email", "default");
    expect(variant("email", "default", { seq_no: 9 }).hash).toBe(base.hash);
    expect(variant("email", "default", { content: { a: 1, b: { c: 2, d: 3 } } }).hash).toBe(
      variant("email", "default", { content: { b: { d: 3, c: 2 }, a: 1 } }).hash,
    );
    const changes: Partial<VariantSnapshot>[] = [
      { tenant_id: "acme" },
      { locale: "es" },
      { content: { body: "two" } },
      { needs_vendor_approval: true },
      { conditions: [{ type: "expression_v1", expression_v1: { op: "AND", args: [] } }] },
    ];
    const hashes = changes.map((change) => variant("email", "default", change).hash);
    expect(
      new Set([...hashes, base.hash, variant("sms", "default").hash, variant("email", "x").hash]).size,
    ).toBe(8);
  });

  it("of a template change with the order of its variants, and not with channels that are off", () => {
    const [first, second] = [variant("email", "a"), variant("email", "b", { seq_no: 2 })];
    const hash = templateHash(HEAD, [first, second]);
    expect(templateHash(HEAD, [second, first])).toBe(hash);
    expect(templateHash(HEAD, [first, second, variant("inbox", "default")])).toBe(hash);
    expect(templateHash(HEAD, [{ ...first, seq_no: 3 }, second])).not.toBe(hash);
    expect(templateHash({ ...HEAD, tags: ["a"] }, [first, second])).not.toBe(hash);
  });
});

describe("a commit", () => {
  const live = {
    ...HEAD,
    enabled_channels: ["email", "sms", "inbox"] satisfies Channel[],
    variants: [
      variant("email", "default"),
      variant("email", "gone"),
      variant("sms", "default"),
      variant("inbox", "default"),
      variant("inbox", "gone"),
    ],
  };
  const draft = [
    variant("email", "default", { content: { body: "two" } }),
    variant("email", "new", { content: { body: "two" } }),
    variant("sms", "default", { content: { body: "two" } }),
    variant("inbox", "default", { content: { body: "two" } }),
  ];

  it("of everything takes the draft of enabled channels and keeps what the others had live", () => {
    const { snapshot, committed, unknown } = planCommit(HEAD, draft, live, null);
    expect(keysOf(snapshot.variants)).toStrictEqual([
      'email/default:"two"',
      'email/new:"two"',
      'sms/default:"two"',
      'inbox/default:"one"',
    ]);
    expect(keysOf(committed)).toStrictEqual(['email/default:"two"', 'email/new:"two"', 'sms/default:"two"']);
    expect(unknown).toStrictEqual([]);
    expect(snapshot.enabled_channels).toStrictEqual(["email", "sms"]);
  });

  it("of some variants keeps the live state of all others", () => {
    const selection = [{ channel: "email", id: "default" }] satisfies { channel: Channel; id: string }[];
    const { snapshot, committed } = planCommit(HEAD, draft, live, selection);
    expect(keysOf(snapshot.variants)).toStrictEqual([
      'email/default:"two"',
      'email/gone:"one"',
      'sms/default:"one"',
      'inbox/default:"one"',
      'inbox/gone:"one"',
    ]);
    expect(keysOf(committed)).toStrictEqual(['email/default:"two"']);
  });

  it("of a variant that the draft no longer has removes it", () => {
    const { snapshot, unknown } = planCommit(HEAD, draft, live, [{ channel: "email", id: "gone" }]);
    expect(keysOf(snapshot.variants)).not.toContain('email/gone:"one"');
    expect(keysOf(snapshot.variants)).toContain('email/default:"one"');
    expect(unknown).toStrictEqual([]);
  });

  it("names selected variants that do not exist", () => {
    const selection = [{ channel: "sms" as const, id: "nope" }];
    expect(planCommit(HEAD, draft, live, selection).unknown).toStrictEqual(selection);
  });

  it("of everything makes the hash of the live version that of the draft", () => {
    const { snapshot } = planCommit(HEAD, draft, live, null);
    expect(templateHash(snapshot, snapshot.variants)).toBe(templateHash(HEAD, draft));
  });
});

describe("errors", () => {
  const channels: ChannelRules = new Map([
    [
      "sms",
      {
        content: z.object({ body: z.string().default("") }),
        findProblems: ({ body }): Record<string, string[]> => (body === "" ? { body: ["missing"] } : {}),
        sources: ({ body }) => [{ path: "body", language: "handlebars", source: body as string }],
      },
    ],
  ]);
  const checkTemplate = (_language: string, source: string) => (source.includes("{{") ? "unclosed" : null);
  const rules = { channels, expressions: { checkTemplate } };

  it("are the channel's problems with the content", () => {
    expect(variantErrors(rules, variant("sms", "default", { content: {} }))).toStrictEqual({
      body: ["missing"],
    });
    expect(variantErrors(rules, variant("sms", "default"))).toStrictEqual({});
  });

  it("are the templates in it that render with no data", () => {
    expect(variantErrors(rules, variant("sms", "default", { content: { body: "{{a" } }))).toStrictEqual({
      body: ["is not valid Handlebars: unclosed"],
    });
  });

  it("are reported by path for content that is older than its schema, and for removed channels", () => {
    expect(variantErrors(rules, variant("sms", "default", { content: { body: 5 } }))).toStrictEqual({
      body: ["Invalid input: expected string, received number"],
    });
    expect(variantErrors(rules, variant("email", "default"))).toStrictEqual({
      channel: ["is not available"],
    });
  });

  it("do not prevent a channel from starting blank", () => {
    expect(blankContent(channels, "sms")).toStrictEqual({ body: "" });
    expect(blankContent(channels, "email")).toStrictEqual({});
  });

  it("are printed as clients know them", () => {
    const refusal = describeRefusal([
      { channel: "email", id: "default", errors: { "body.raw.html": ["missing"] } },
      { channel: "slack", id: "default", errors: { body_text: ["missing", "is 'it'"], b: ["\"'\\\n"] } },
    ]);
    expect(refusal).toBe(
      "one of more variants about to be committed have issues.\n" +
        "[1] email:default errors: {'body.raw.html': ['missing']}\n" +
        `[2] slack:default errors: {'body_text': ['missing', "is 'it'"], 'b': ['"\\'\\\\\\n']}`,
    );
  });
});

it("has each variant once in a snapshot, from the draft where it was selected and as it was live elsewhere", () => {
  const key = fc.record({
    channel: fc.constantFrom<Channel>("email", "sms", "inbox"),
    id: fc.constantFrom("a", "b"),
  });
  const variants = fc.uniqueArray(key, { selector: ({ channel, id }) => `${channel}/${id}` });
  fc.assert(
    fc.property(variants, variants, fc.option(variants), (drafted, lived, selection) => {
      const draft = drafted.map(({ channel, id }) => variant(channel, id, { content: { body: "two" } }));
      const live = { ...HEAD, variants: lived.map(({ channel, id }) => variant(channel, id)) };
      const { snapshot } = planCommit(HEAD, draft, live, selection);
      const keys = snapshot.variants.map(({ channel, id }) => `${channel}/${id}`);
      expect(new Set(keys).size).toBe(keys.length);
      for (const { channel, id, content } of snapshot.variants) {
        const isSelected =
          selection === null
            ? HEAD.enabled_channels.some((enabled) => enabled === channel)
            : selection.some((one) => one.channel === channel && one.id === id);
        expect(content.body).toBe(isSelected ? "two" : "one");
      }
    }),
  );
});
