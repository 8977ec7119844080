import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CONTENTS, rawMail as raw, withText } from "../../../../../test/hostile/contents.ts";
import { createHarness, type Harness } from "../../../../../test/harness.ts";
import type { Channel } from "../../../../core/channel.ts";
import type { Workspace } from "../../../../workspaces/workspaces.ts";

let harness: Harness;
let workspace: Workspace;

beforeAll(async () => {
  harness = await createHarness({ role: "api" });
  workspace = await harness.services.workspaces.create({ slug: "t", name: "T", mode: "sandbox" });
});
afterAll(() => harness.close());

async function call(method: "POST" | "PATCH", path: string, payload: unknown) {
  const answer = await harness.app.inject({
    method,
    url: `/v2/${workspace.slug}/template/${path}/`,
    headers: { authorization: `ServiceToken ${harness.serviceToken}` },
    payload: JSON.stringify(payload),
  });
  return { status: answer.statusCode, body: answer.json() };
}

let made = 0;

/** What the draft says of a content, and what comes of its commit. */
async function saveAndCommit(channel: Channel, content: object) {
  made += 1;
  const slug = `t${made}`;
  await call("POST", slug, { enabled_channels: [channel] });
  const draft = await call("POST", `${slug}/channel/${channel}/variant/default`, { locale: "en", content });
  expect(draft.status).toBe(200);
  return { errors: draft.body.errors, commit: await call("PATCH", `${slug}/commit`, {}) };
}

const BAD = "{{#if a}}x";

const FIELDS = Object.entries(CONTENTS).flatMap(([channel, [content, paths]]) =>
  paths.split(" ").map((path) => [channel as Channel, path, content] as const),
);

describe("200", () => {
  it.each(Object.entries(CONTENTS))("commits %s that renders with some data", async (channel, [content]) => {
    expect(await saveAndCommit(channel as Channel, content)).toMatchObject({
      errors: {},
      commit: { status: 200 },
    });
  });

  it.each<[string, Channel, object]>([
    ["a name that may be missing", "sms", { body: "{{nobody}}{{#if a}}{{no_helper 1}}{{/if}}" }],
    [
      "a body that is kept and not sent",
      "email",
      { subject: "s", body: { type: "plain_text", plain_text: { text: "x" }, raw: { html: BAD } } },
    ],
    ["a text beside the card", "ms_teams", { body_type: "card", body_card: "{}", body_text: BAD }],
    [
      "Jsonnet with the function for translations",
      "slack",
      { templating_language: "jsonnet", body_type: "block", body_block: '{blocks: [t("hi"), data.x]}' },
    ],
  ])("commits %s", async (_title, channel, content) => {
    expect(await saveAndCommit(channel, content)).toMatchObject({ errors: {}, commit: { status: 200 } });
  });
});

describe("400", () => {
  it.each(FIELDS)("refuses a commit of %s whose %s renders with no data", async (channel, path, content) => {
    const { errors, commit } = await saveAndCommit(channel, withText(content, path.split("."), BAD));
    expect(errors).toMatchObject({
      [path]: expect.arrayContaining([expect.stringMatching(/^is not valid Handlebars: Parse error/)]),
    });
    expect(commit).toMatchObject({ status: 400, body: { error_code: "error" } });
    expect(commit.body.detail[0]).toContain(`'${path}': [`);
  });

  const block = (body_block: string) => ({
    templating_language: "jsonnet",
    body_type: "block",
    body_block,
  });
  it.each<[string, Channel, object, Record<string, string[]>]>([
    [
      "an unclosed tag",
      "sms",
      { body: "Hi {{name" },
      { body: ["is not valid Handlebars: Parse error on line 1, after 'Hi {{'"] },
    ],
    [
      "a partial",
      "sms",
      { body: "{{> footer}}" },
      { body: ["is not valid Handlebars: The partial footer could not be found - 1:0"] },
    ],
    [
      "a helper that does not exist",
      "sms",
      { body: "{{upper name}}" },
      { body: ['is not valid Handlebars: Missing helper: "upper" - 1:2'] },
    ],
    [
      "CSS that ends in }}}",
      "email",
      { subject: "s", body: raw("<style>@media x{.a{width:{{w}}}}</style><p>x</p>") },
      { "body.raw.html": [expect.stringMatching(/^is not valid Handlebars: Parse error/)] },
    ],
    [
      "the body that the editor designs",
      "email",
      { subject: "s", body: { type: "designer", designer: { html: BAD } } },
      { "body.designer.html": [expect.stringMatching(/^is not valid Handlebars: Parse error/)] },
    ],
    [
      "a plain text",
      "email",
      { subject: "s", body: { type: "plain_text", plain_text: { text: BAD } } },
      { "body.plain_text.text": [expect.stringMatching(/^is not valid Handlebars: Parse error/)] },
    ],
    [
      "Jsonnet of a block",
      "slack",
      block("{blocks: ["),
      { body_block: ["is not valid Jsonnet: expected an expression, found the end at 1:11"] },
    ],
    [
      "Jsonnet with an unknown variable",
      "slack",
      block("{blocks: [name]}"),
      { body_block: ["is not valid Jsonnet: unknown variable: name at 1:11"] },
    ],
    [
      "Jsonnet of a card, without saying that it is",
      "ms_teams",
      { body_type: "card", body_card: "{type: }" },
      { body_card: ['is not valid Jsonnet: expected an expression, found "}" at 1:8'] },
    ],
    [
      "Handlebars of a card",
      "ms_teams",
      { body_type: "card", body_card: '{"type": "{{#if}}"' },
      { body_card: [expect.stringMatching(/^is not valid Handlebars: /)] },
    ],
  ])("refuses a commit of %s, and says where in the draft", async (_title, channel, content, errors) => {
    expect(await saveAndCommit(channel, content)).toEqual({
      errors,
      commit: { status: 400, body: expect.objectContaining({ type: "ValidationError" }) },
    });
  });
});
