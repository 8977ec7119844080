import { z } from "zod";
import { AppError } from "../../../errors.ts";
import { defineRoute } from "../../../http/route.ts";
import { cursorMeta, cursorShape, readPage, toCursor } from "../../../http/cursor.ts";
import { presentUser, userShape } from "./present-user.ts";

export default defineRoute({
  method: "GET",
  path: "/v1/user/",
  summary: "List users, newest first",
  query: z.object({ ...cursorShape, tenant_id: z.string().optional() }),
  reply: { status: 200, body: z.object({ meta: cursorMeta, results: z.array(userShape) }) },
  errors: ["invalid_request_error"],
  async handle({ query, auth, db, services }) {
    if (query.tenant_id) {
      throw new AppError(
        "invalid_request_error",
        "tenant_id: profiles of a user in a tenant are not supported",
      );
    }
    const { workspace } = auth;
    const { workspace_id } = workspace;
    const users = db.kysely
      .selectFrom("recipient")
      .where("workspace_id", "=", workspace_id)
      .where("object_type", "=", "");
    const { rows, meta } = await readPage(
      toCursor(query),
      ({ older_than, newer_than, order, limit }) =>
        users
          .select("id")
          .$if(older_than !== null, (select) => select.where("id", "<", older_than ?? ""))
          .$if(newer_than !== null, (select) => select.where("id", ">", newer_than ?? ""))
          .orderBy("id", order)
          .limit(limit)
          .execute(),
      async () => {
        const { count } = await users
          .select((eb) => eb.fn.countAll<number>().as("count"))
          .executeTakeFirstOrThrow();
        return count;
      },
    );
    const profiles = await services.recipients.loadById(
      db,
      workspace_id,
      rows.map(({ id }) => id),
    );
    const results = rows.flatMap(({ id }) => {
      const profile = profiles.get(id);
      return profile === undefined ? [] : [presentUser(profile, workspace)];
    });
    return { meta, results };
  },
});
