import { z } from "zod";
import { slugOf } from "../../../core/text/slug.ts";
import { AppError } from "../../../errors.ts";
import { defineAccountRoute } from "../surface.ts";
import { SlugError } from "../../../workspaces/workspaces.ts";
import { keyName, nullableText } from "../../management/key-fields.ts";
import { countWorkspaces, readWorkspaces, workspacePage } from "./present-workspace.ts";

const MAX_SHOWN = 1000;

export default defineAccountRoute({
  method: "POST",
  path: "/v1/workspace/",
  summary: "Make a sandbox workspace; its slug comes from its name",
  body: z
    .object({ name: keyName, description: nullableText })
    .meta({ example: { name: "My workspace", description: "To try things" } }),
  reply: {
    status: 200,
    body: workspacePage,
    description:
      "All workspaces, the new one last. It sends through simulators and has a workspace key, which `carillon keys` shows.",
  },
  errors: ["validation_error", "bad_json"],
  async handle({ body: { name, description }, db, services }) {
    const input = {
      slug: slugOf(name).replaceAll(/^[-_]+|[-_]+$/g, ""),
      name,
      description: description ?? null,
      mode: "sandbox",
    } as const;
    await services.makeWorkspace(db, input).catch((error: unknown) => {
      if (!(error instanceof SlugError)) throw error;
      const detail = { name: [error.message] };
      throw new AppError("validation_error", JSON.stringify(detail), { detail, cause: error });
    });
    return readWorkspaces(db, {
      limit: MAX_SHOWN,
      offset: Math.max(0, (await countWorkspaces(db)) - MAX_SHOWN),
    });
  },
});
