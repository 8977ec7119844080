import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { routes } from "../src/api/index.gen.ts";
import { channels } from "../src/channels/index.gen.ts";
import { CHANNELS } from "../src/core/channel.ts";
import { nodes } from "../src/nodes/index.gen.ts";
import { vendors } from "../src/vendors/index.gen.ts";
import { readNodeExamples } from "./docs/node-examples.ts";

/**
 * The ways of ARCHITECTURE.md, "To add…": what a newcomer touches to add a vendor, a node type, an endpoint or a channel.
 * Each is held by what the sources say of the ones there are: a name that turns up in a further file is a further file
 * to touch.
 */
const src = fileURLToPath(new URL("../src/", import.meta.url));

interface Source {
  file: string;
  text: string;
}

/** What people write: neither tests nor what is generated. */
async function readSources(): Promise<Source[]> {
  const files = (await readdir(src, { recursive: true })).filter((name) =>
    /(?<!\.(?:test|gen|d))\.ts$/.test(name),
  );
  return Promise.all(
    files.map(async (name) => ({
      file: name.split(sep).join("/"),
      text: await readFile(join(src, name), "utf8"),
    })),
  );
}

const sources = await readSources();

/** Files that have the name as a literal of its own. */
const naming = (name: string): string[] =>
  sources.filter(({ text }) => text.includes(`"${name}"`)).map(({ file }) => file);

const inFolder = (folder: string) => (file: string) => file.startsWith(`${folder}/`);

/** Node types whose names are also words for other things. */
const WORDS = new Set(["batch", "branch", "delay"]);

/** Where the wire itself makes an exception of one. */
const EXCEPTIONS = new Set([
  // The dynamic trigger is a workflow of send nodes and a delay.
  "catalog/inline-workflow.ts",
  // The older form of a workflow's JSON, in which `userupdate` alone has a setting called `properties`.
  "authoring/workflows/workflow-body.ts",
  // Clients know our own inbox by another name.
  "api/hub/message/present-message.ts",
  // Of one vendor's templates the wire asks for a second id.
  "core/approval.ts",
  // What the logs of one execution said, for the reference.
  "api/reply-examples.ts",
]);

describe("a node type", () => {
  const types = nodes.map(({ type }) => type).filter((type) => !WORDS.has(type));

  it.each(types.map((type) => [type]))("%s is known to its own file alone", (type) => {
    const files = naming(type).filter((file) => !EXCEPTIONS.has(file));
    expect(files.filter((file) => !inFolder("nodes")(file))).toEqual([]);
    expect(files.length).toBe(1);
  });

  it("has an example, which its page and the tests are made of", async () => {
    const examples = await readNodeExamples();
    expect([...examples.keys()].toSorted()).toEqual(nodes.map(({ type }) => type).toSorted());
  });
});

describe("a vendor", () => {
  it.each(vendors.map(({ slug }) => [slug]))("%s is known to its own file alone", (slug) => {
    const files = naming(slug).filter((file) => !EXCEPTIONS.has(file));
    expect(files.filter((file) => !inFolder("vendors")(file))).toEqual([]);
  });
});

describe("an endpoint", () => {
  it("is imported by the registry alone", async () => {
    const endpoints = new Set(routes.map(({ file }) => file));
    const imported = sources.flatMap(({ file, text }) =>
      [...text.matchAll(/from "(\.[^"]+)"/g)].map(([, specifier = ""]) => ({
        file,
        to: relative(src, resolve(src, dirname(file), specifier)),
      })),
    );
    expect(imported.filter(({ to }) => endpoints.has(to))).toEqual([]);
  });
});

describe("a channel", () => {
  it("has a definition, which the registry finds", () => {
    expect(channels.map(({ channel }) => channel).toSorted()).toEqual([...CHANNELS].toSorted());
  });

  // The other names are also words of the wire for other things.
  it.each([["ms_teams"], ["whatsapp"], ["webpush"], ["androidpush"], ["iospush"], ["slack"]])(
    "%s is named by its traits, its definition, its node and its vendors",
    (channel) => {
      const allowed = new Set(["core/channel.ts", `channels/${channel}.ts`, "nodes/send-on-channel.ts"]);
      const others = naming(channel).filter((file) => !allowed.has(file) && !inFolder("vendors")(file));
      expect(others.filter((file) => !inFolder("channels/shared")(file))).toEqual([]);
    },
  );
});
