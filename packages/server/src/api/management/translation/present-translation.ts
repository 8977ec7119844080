import { z } from "zod";
import type { JsonObject } from "../../../core/json.ts";
import { parseTranslationFileName } from "../../../core/translations/file-name.ts";
import { microsZ } from "../../../core/time/wire-time.ts";
import { timestampReply } from "../../../catalog/versioned.ts";
import type { Queryable } from "../../../db/db.ts";
import { AppError } from "../../../errors.ts";
import {
  FILE_ACTIONS,
  type FileList,
  readContents,
  type StoredFile,
} from "../../../translations/stored-files.ts";
import { type Paging, pageOf, toPage } from "../../paging.ts";

export const CONTENT_EXAMPLE = {
  welcome: "Bienvenue",
  greeting: "Bonjour, {{name}} !",
  cart: { items: { zero: "panier vide", one: "un article", other: "{{count}} articles" } },
};

const content = z
  .record(z.string(), z.unknown())
  .describe("Texts, objects of texts, and plurals with the keys `zero`, `one`, `other`.")
  .meta({ examples: [CONTENT_EXAMPLE] });

const file = {
  filename: z.string().meta({ examples: ["fr.json"] }),
  locale: z.string().meta({ examples: ["fr"] }),
  locale_name: z.string().meta({ examples: ["French"] }),
  namespace: z
    .string()
    .nullable()
    .meta({ examples: [null] }),
  action: z.enum(FILE_ACTIONS).describe("What the draft does with the file, or what the version did."),
  updated_at: timestampReply,
};

export const fileWithContentReply = z.object({ ...file, content });

/** What lists show of a file; the last three only if asked to. */
export const fileReply = z.object({
  ...file,
  content: content.optional(),
  version_no: z.int().optional(),
  version_status: z.enum(["draft", "active", "inactive"]).optional(),
});

export const filesReply = pageOf(fileReply);

/** All files of a workspace fit on one page. */
export const WHOLE: Paging = { limit: 1000, offset: 0 };

export const fileParams = z.object({
  file: z
    .string()
    .describe("`{locale}.json`, or `{namespace}.{locale}.json`: `es-MX.json`, `orders.es-MX.json`."),
});

/** The name in its one spelling. Refuses what names no file of translations. */
export function readFilename({ file: text }: z.output<typeof fileParams>): {
  filename: string;
  locale: string;
} {
  const name = parseTranslationFileName(text);
  if (name !== null) return name;
  const reason = "must be {locale}.json or {namespace}.{locale}.json, like es-MX.json or orders.es-MX.json";
  throw new AppError("validation_error", `invalid translation file name '${text}': ${reason}`);
}

export function presentFile({ filename, locale, locale_name, namespace, action, updated_at }: StoredFile) {
  return { filename, locale, locale_name, namespace, action, updated_at: microsZ(updated_at) };
}

export function presentFileWithContent(stored: StoredFile & { content: JsonObject }) {
  return { ...presentFile(stored), content: stored.content };
}

/** One page of a state. */
export async function presentFiles(
  { db, workspace_id }: { db: Queryable; workspace_id: number },
  { files, version_no, status }: FileList,
  paging: Paging,
  { include_content = false, include_version_info = false } = {},
): Promise<z.input<typeof filesReply>> {
  const page = files.slice(paging.offset, paging.offset + paging.limit);
  const contents = include_content ? await readContents(db, workspace_id, page) : null;
  const results = page.map((stored) => {
    const own = contents?.get(stored.hash);
    return {
      ...presentFile(stored),
      ...(own === undefined ? {} : { content: own }),
      ...(include_version_info ? { version_no, version_status: status } : {}),
    };
  });
  return toPage(results, files.length, paging);
}
