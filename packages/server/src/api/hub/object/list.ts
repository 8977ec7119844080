import { z } from "zod";
import { cursorMeta, cursorShape, toCursor } from "../../../http/cursor.ts";
import { defineRoute } from "../../../http/route.ts";
import { readRecipients } from "../read-recipients.ts";
import { objectShape, presentObjects, typeParams } from "./present-object.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/object/:object_type/",
  summary: "List the objects of a type, newest first",
  params: typeParams,
  query: z.object(cursorShape),
  reply: {
    status: 200,
    body: z.object({ meta: cursorMeta, results: z.array(objectShape) }),
    description: "Of a type that nobody has used, an empty list.",
  },
  errors: ["invalid_request_error"],
  async handle({ params, query, auth, db, services }) {
    const { workspace } = auth;
    const { workspace_id } = workspace;
    const objects = db.kysely
      .selectFrom("recipient")
      .where("object_type", "=", params.object_type)
      .where("workspace_id", "=", workspace_id);
    const { profiles, meta } = await readRecipients(db, services, workspace_id, objects, toCursor(query));
    return { meta, results: await presentObjects(db, workspace, profiles) };
  },
});
