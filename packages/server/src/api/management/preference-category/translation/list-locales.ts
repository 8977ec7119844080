import { z } from "zod";
import { defineRoute } from "../../../../http/route.ts";
import { listLocales } from "../../../../preferences/translation.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/preference_category/translation/locale/",
  summary: "List the languages into which categories are translated",
  reply: {
    status: 200,
    body: z.object({ results: z.array(z.object({ locale: z.string() })) }),
    description: "English is always among them.",
  },
  family: "code_message",
  async handle({ auth, db }) {
    const locales = await listLocales(db, auth.workspace.workspace_id);
    return { results: locales.map((locale) => ({ locale })) };
  },
});
