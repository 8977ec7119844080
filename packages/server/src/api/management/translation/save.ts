import { z } from "zod";
import { isJsonObject, type JsonObject } from "../../../core/json.ts";
import { parseTranslationFileName } from "../../../core/translations/file-name.ts";
import { canonicalLocale } from "../../../core/text/locale.ts";
import { AppError } from "../../../errors.ts";
import { defineRoute } from "../../../http/route.ts";
import { saveFile } from "../../../translations/change-files.ts";
import {
  CONTENT_EXAMPLE,
  fileParams,
  fileWithContentReply,
  presentFileWithContent,
  readFilename,
} from "./present-translation.ts";

export default defineRoute({
  method: "POST",
  path: "/v1/:workspace/translation/content/:file/",
  summary: "Create a file of translations, or replace its content, in the draft",
  params: fileParams,
  body: z.object({
    locale: z
      .string()
      .nullish()
      .describe("The locale of the file, or a file's name; must be that of the path."),
    content: z
      .unknown()
      .meta({ type: "object", examples: [CONTENT_EXAMPLE] })
      .describe(
        "Texts, objects of texts, and plurals with the keys `zero`, `one`, `other`. All of the file.",
      ),
  }),
  reply: {
    status: 201,
    body: fileWithContentReply,
    description: "Sent as it was before until the draft is committed.",
  },
  errors: ["validation_error", "bad_json"],
  async handle({ params, body, auth, db, services: { catalog, engine } }) {
    const { filename, locale } = readFilename(params);
    refuseOtherLocale(body.locale ?? locale, locale);
    const change = { db, catalog, workspace_id: auth.workspace.workspace_id };
    const check = (text: string) => engine.expressions.checkTemplate("handlebars", text);
    return presentFileWithContent(await saveFile(change, filename, readContent(body.content), check));
  },
});

function readContent(content: unknown): JsonObject {
  if (isJsonObject(content)) return content;
  throw new AppError("validation_error", "Invalid JSON format");
}

/** Clients send the locale, or the name of the file. */
function refuseOtherLocale(given: string, locale: string): void {
  if ((parseTranslationFileName(given)?.locale ?? canonicalLocale(given)) === locale) return;
  throw new AppError("validation_error", `locale: must be ${locale}, as in the file's name`);
}
