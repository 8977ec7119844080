import { describe, expect, it } from "vitest";
import type { JsonObject } from "../core/json.ts";
import { rememberCompleted, toLiveTemplate } from "./live-template.ts";
import type { TemplateSnapshot } from "./template.ts";

const snapshot = (...bodies: string[]): TemplateSnapshot => ({
  name: "Text",
  description: null,
  tags: [],
  enabled_channels: ["sms"],
  variants: bodies.map((body, index) => ({
    channel: "sms",
    id: `v${index}`,
    tenant_id: null,
    locale: "en",
    conditions: [],
    content: { body },
    needs_vendor_approval: false,
    seq_no: index,
    hash: "",
  })),
});

describe("a live template", () => {
  it("completes what is sent, once for each content, however often it is loaded", () => {
    const completed: JsonObject[] = [];
    const complete = rememberCompleted((_channel, content) => {
      completed.push(content);
      return { ...content, done: true };
    });
    const load = (...bodies: string[]) =>
      toLiveTemplate("text", 1, snapshot(...bodies), [], complete).channels.get("sms")?.variants;
    expect(load("a", "b", "c")?.map(({ id }) => id)).toEqual(["v0", "v1", "v2"]);
    expect(completed).toEqual([]);
    expect(load("a", "b", "c")?.[1]?.content).toEqual({ body: "b", done: true });
    expect(load("x", "b")?.[1]?.content).toEqual({ body: "b", done: true });
    expect(completed).toEqual([{ body: "b" }]);
    expect(load("x")?.[0]?.content).toEqual({ body: "x", done: true });
  });
});
