import { z } from "zod";
import { CHANNELS } from "../../../core/channel.ts";
import { LANES } from "../../../core/lane.ts";
import { microsOffset } from "../../../core/time/wire-time.ts";
import type { StoredDocument } from "../../../preferences/category-draft.ts";

/** The document of a workspace's categories as the wire shows it. Its endpoints refuse in the data API's family. */
const SCHEMA = "https://schema.suprsend.com/preference_category/v1/schema.json";

const tags = z.array(z.string()).nullable();
const channels = z.array(z.enum(CHANNELS)).nullable();
const open = z.record(z.string(), z.unknown());

export const DOCUMENT_EXAMPLE = {
  root_categories: [
    { root_category: "system", sections: [] },
    {
      root_category: "transactional",
      sections: [
        {
          name: "Task Updates",
          description: null,
          tags: ["work"],
          categories: [
            {
              category: "tagged-to-me",
              name: "Tagged to Me",
              description: "Updates and mentions on my tasks",
              default_preference: "opt_in",
              default_mandatory_channels: null,
              default_opt_in_channels: ["email", "inbox"],
              tags: null,
              digest_schedule: null,
              properties: null,
            },
          ],
        },
      ],
    },
    { root_category: "promotional", sections: [] },
  ],
};

const document = {
  $schema: z.literal(SCHEMA),
  root_categories: z
    .array(
      z.object({
        root_category: z.enum(LANES),
        sections: z.array(
          z.object({
            name: z.string().nullable(),
            description: z.string().nullable(),
            tags,
            categories: z.array(
              z.object({
                category: z.string(),
                name: z.string(),
                description: z.string().nullable(),
                default_preference: z.enum(["opt_in", "opt_out", "cant_unsubscribe"]),
                default_mandatory_channels: channels,
                default_opt_in_channels: channels,
                tags,
                digest_schedule: open.nullable(),
                properties: z.array(open).nullable(),
              }),
            ),
          }),
        ),
      }),
    )
    .meta({ examples: [DOCUMENT_EXAMPLE.root_categories] }),
  version_no: z.int().describe("0: nothing was ever saved."),
  status: z.enum(["draft", "active"]),
  validation_result: z
    .object({ is_valid: z.boolean(), errors: z.array(z.string()) })
    .describe("Why the document cannot be committed."),
};

export const documentShape = z.object(document);

/** What a write answers with. */
export const committedShape = z.object({
  ...document,
  commit_message: z.string().nullable(),
  committed_at: z.string().nullable().describe("Null: a draft."),
});

export function presentDocument({
  root_categories,
  version_no,
  status,
  validation_result,
}: StoredDocument): z.input<typeof documentShape> {
  return {
    $schema: SCHEMA,
    root_categories: root_categories.map(({ root_category, sections }) => ({
      root_category,
      sections: sections.map(({ categories, ...section }) => ({
        ...section,
        categories: categories.map((category) => ({ ...category })),
      })),
    })),
    version_no,
    status,
    validation_result,
  };
}

export function presentCommitted(stored: StoredDocument): z.input<typeof committedShape> {
  const { commit_message, committed_at } = stored;
  return {
    ...presentDocument(stored),
    commit_message,
    committed_at: committed_at === null ? null : microsOffset(committed_at),
  };
}
