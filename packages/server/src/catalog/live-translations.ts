import type { JsonObject } from "../core/json.ts";
import type { Translations } from "../core/translations/lookup.ts";
import { parseTranslationFileName } from "../core/translations/file-name.ts";
import type { Queryable } from "../db/db.ts";

/** Cache key of the live translations, of kind `translation`. */
export const LIVE_TRANSLATIONS = "live";

/** The files of the last version, which is always the live one. */
export async function loadTranslations(db: Queryable, workspace_id: number): Promise<Translations> {
  const rows = await db.query<{ filename: string; content: JsonObject }>(
    `select f.filename, c.content from translation_version_file f
       join translation_content c on c.workspace_id = f.workspace_id and c.hash = f.hash
      where f.workspace_id = $1
        and f.version_no = (select max(version_no) from translation_version where workspace_id = $1)`,
    [workspace_id],
    "translations_load",
  );
  const locales = new Map<string, Map<string | null, JsonObject>>();
  for (const { filename, content } of rows) {
    const name = parseTranslationFileName(filename);
    if (name === null) continue;
    const files = locales.get(name.locale) ?? new Map<string | null, JsonObject>();
    files.set(name.namespace, content);
    locales.set(name.locale, files);
  }
  return { locales };
}
