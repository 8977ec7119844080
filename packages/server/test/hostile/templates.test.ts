import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHANNELS } from "../../src/core/channel.ts";
import { createHarness, type Harness } from "../harness.ts";
import { createManagement, type Management } from "../management.ts";
import { createRandom, type Random } from "../random.ts";
import { faultOf } from "./answer.ts";
import { CONTENTS, withText } from "./contents.ts";
import { randomJsonnet, randomPayload, randomTemplate } from "./template-text.ts";
import { startWatchdog, type Watchdog } from "./watchdog.ts";

/**
 * Contents and data at random through save, commit and preview: whatever they are, there is an answer in time, no failure
 * of the server, and no more output than a message may have.
 *
 * Every input follows from the seed: `HOSTILE_SEED=7` is another set, `HOSTILE_TEMPLATES=20000` a longer run.
 */
const seed = Number(process.env.HOSTILE_SEED ?? 1);
const COUNT = Number(process.env.HOSTILE_TEMPLATES ?? 400);
const PATIENCE_SECONDS = 20;

/** A mail has a text as well as its HTML; every field is bounded by a megabyte of UTF-16 units. */
const MAX_FIELD = 1024 * 1024;
const MAX_ANSWER = 8 * 1024 * 1024;
/** All fields of a message share a quarter of a second; the rest is for a busy machine. */
const MAX_MS = 5000;

let harness: Harness;
let management: Management;
let watchdog: Watchdog;

beforeAll(async () => {
  harness = await createHarness({ role: "api" });
  management = createManagement(harness, harness.workspace);
  watchdog = startWatchdog(PATIENCE_SECONDS);
  await management.template("POST", "fuzz", { enabled_channels: [...CHANNELS] });
});
afterAll(async () => {
  await watchdog.stop();
  await harness.close();
});

function randomContent(channel: (typeof CHANNELS)[number], random: Random): object {
  const [content, paths] = CONTENTS[channel];
  const chosen = paths.split(" ").filter(() => random.chance(0.4));
  const isScript = channel === "slack" || channel === "ms_teams";
  let spoiled = content;
  for (const path of chosen) {
    const text = isScript && random.chance(0.4) ? randomJsonnet(random) : randomTemplate(random);
    spoiled = withText(spoiled, path.split("."), text);
  }
  return channel === "slack" && random.chance(0.5) ? { ...spoiled, templating_language: "jsonnet" } : spoiled;
}

/** The longest text anywhere inside. */
function longest(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce<number>((most, one) => Math.max(most, longest(one)), 0);
}

it(`saves, commits and previews ${COUNT} contents at random`, { timeout: 600_000 }, async () => {
  const random = createRandom(seed);
  const faults: string[] = [];
  const fates = { rendered: 0, refused: 0 };
  for (let round = 0; round < COUNT; round++) {
    const channel = random.pick(CHANNELS);
    const path = `fuzz/channel/${channel}/variant/default`;
    const content = randomContent(channel, random);
    const mock_data = { payload: randomPayload(random), batch_count: random.pick([1, 2, 100]) };
    watchdog.begin(JSON.stringify({ channel, content, mock_data }).slice(0, 4000));
    const ask = async (method: "POST" | "PATCH", url: string, payload: object) => {
      const begun = performance.now();
      const answer = await harness.app.inject({
        method,
        url: `/v2/${harness.workspace.slug}/template/${url}/`,
        headers: { authorization: `ServiceToken ${harness.serviceToken}` },
        payload: JSON.stringify(payload),
      });
      const ms = performance.now() - begun;
      const seen = {
        status: answer.statusCode,
        content_type: String(answer.headers["content-type"]),
        text: answer.body,
      };
      const fault =
        faultOf(seen, ["management"], method) ??
        (seen.text.length > MAX_ANSWER ? `an answer of ${seen.text.length} characters` : null) ??
        (ms > MAX_MS ? `an answer after ${Math.round(ms)} ms` : null);
      if (fault !== null)
        faults.push(`${method} ${url}: ${fault}\n  ${JSON.stringify(payload).slice(0, 3000)}`);
      return seen;
    };
    await ask("POST", path, { locale: "en", content });
    await ask("PATCH", "fuzz/commit", { variants: [{ channel, id: "default" }] });
    const preview = await ask("POST", `${path}/preview`, { mock_data });
    if (preview.status !== 200) continue;
    const shown = JSON.parse(preview.text) as { content: object | null; errors: object };
    const problems = Object.keys(shown.errors).length;
    if ((shown.content === null) !== problems > 0) faults.push(`neither content nor errors: ${preview.text}`);
    if (longest(shown.content) > MAX_FIELD) faults.push(`${path}: a field of ${longest(shown.content)}`);
    fates[shown.content === null ? "refused" : "rendered"] += 1;
  }
  expect(faults.slice(0, 5), `${faults.length} faults with HOSTILE_SEED=${seed}`).toEqual([]);
  expect(Object.keys(Object.prototype)).toEqual([]);
  // Both happen, or nothing was tried.
  expect(fates.rendered).toBeGreaterThan(COUNT / 10);
  expect(fates.refused).toBeGreaterThan(COUNT / 10);
});

describe("markup in data", () => {
  const XSS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "</style><script>alert(1)</script>",
  ];

  it.each(XSS)("%s is text in a mail and in an inbox item", async (payload) => {
    const html = '<p title="{{x}}">{{x}}</p>';
    const inbox = {
      header: "{{x}}",
      body: "{{x}}",
      buttons: [{ text: "{{x}}", url: "https://example.com/" }],
    };
    await management.commitTemplate("markup", {
      email: { subject: "{{x}}", body: { type: "raw", raw: { html, text: "" } } },
      inbox,
    });
    for (const channel of ["email", "inbox"]) {
      const path = `markup/channel/${channel}/variant/default/preview`;
      const { body } = await management.template("POST", path, { mock_data: { payload: { x: payload } } });
      expect(body.errors).toEqual({});
      const shown = channel === "email" ? body.content.html : JSON.stringify(body.content);
      expect(shown).not.toMatch(/<(?:script|img|svg)|" ?onerror|' ?onload/i);
    }
  });
});
