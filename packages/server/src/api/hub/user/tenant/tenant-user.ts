import { countRows } from "../../../../db/count-rows.ts";
import { z } from "zod";
import {
  cursorMeta,
  cursorShape,
  readPage,
  readSlice,
  type Slice,
  toCursor,
} from "../../../../http/cursor.ts";
import type { RouteContext } from "../../../../http/route.ts";
import { recipientKey } from "../../../../recipients/recipients.ts";
import { listedUserNotFound, presentTenantUser, tenantUserShape, userParams } from "../present-user.ts";

/** What the endpoints of a user's tenant profiles share. */
export const tenantUserParams = userParams.extend({ tenant_id: z.string().trim().min(1) });

export const listQuery = z.object(cursorShape);

export const listReply = z.object({ meta: cursorMeta, results: z.array(tenantUserShape) });

/** The limit for a user's tenants; other lists of the API go to 1000. */
const MAX_LIMIT = 100;

/** One result for each tenant that has a profile of the user, most recent first. */
export async function listTenants({
  params,
  query,
  auth,
  db,
  services,
}: RouteContext<z.output<typeof userParams>, z.output<typeof listQuery>, unknown>): Promise<
  z.input<typeof listReply>
> {
  const { workspace } = auth;
  const { workspace_id } = workspace;
  const key = { object_type: "", distinct_id: params.distinct_id };
  const found = (await services.recipients.load(db, workspace_id, [key])).get(recipientKey(key));
  if (found === undefined) throw listedUserNotFound(params.distinct_id);
  const profiles = db.kysely
    .selectFrom("tenant_profile")
    .where("workspace_id", "=", workspace_id)
    .where("recipient_id", "=", found.id);
  const cursor = toCursor(query);
  const read = async (slice: Slice) => {
    const inside = await readSlice(profiles.select(["id", "tenant_id"]), "id", slice);
    const tenant_ids = inside.map(({ tenant_id }) => tenant_id);
    const user = (await services.recipients.loadById(db, workspace_id, [found.id], tenant_ids)).get(found.id);
    return inside.map(({ id, tenant_id }) => ({
      id,
      view: user === undefined ? null : presentTenantUser(user, tenant_id, workspace),
    }));
  };
  const { rows, meta } = await readPage({ ...cursor, limit: Math.min(cursor.limit, MAX_LIMIT) }, read, () =>
    countRows(profiles),
  );
  return { meta, results: rows.flatMap(({ view }) => view ?? []) };
}
