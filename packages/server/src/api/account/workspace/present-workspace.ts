import { sql } from "kysely";
import { z } from "zod";
import type { Grant } from "../../../core/people/roles.ts";
import { countRows } from "../../../db/count-rows.ts";
import type { Queryable } from "../../../db/db.ts";
import { type Page, pageOf, type Paging, toPage } from "../../paging.ts";

/** Workspaces as the wire shows them. Ours neither expire nor have limits, and are in no data center of ours. */
const workspaceShape = z.object({
  uid: z.string(),
  slug: z.string(),
  data_center: z.record(z.string(), z.unknown()),
  is_expired: z.boolean(),
  has_limit_reached: z.boolean(),
  name: z.string(),
  description: z.string().nullable(),
  mode: z.string(),
});

export const workspacePage = pageOf(workspaceShape);

export function countWorkspaces(db: Queryable): Promise<number> {
  return countRows(db.kysely.selectFrom("workspace"));
}

/** Those in which somebody has a role. */
function selectWorkspaces(db: Queryable, grants: readonly Grant[] = [{ workspace_id: null, role: "admin" }]) {
  const places = grants.map(({ workspace_id }) => workspace_id);
  const ids = places.filter((place) => place !== null);
  return db.kysely
    .selectFrom("workspace")
    .$if(!places.includes(null), (select) =>
      select.where("workspace_id", "=", sql<number>`any(${ids}::integer[])`),
    );
}

/** In the order of their making; those in which somebody has a role, where grants are given. */
export async function readWorkspaces(
  db: Queryable,
  paging: Paging,
  grants?: readonly Grant[],
): Promise<Page<z.input<typeof workspaceShape>>> {
  const workspaces = selectWorkspaces(db, grants);
  const rows = await workspaces
    .select(["uid", "slug", "name", "description", "mode"])
    .orderBy("workspace_id")
    .limit(paging.limit)
    .offset(paging.offset)
    .execute();
  const results = rows.map(({ uid, slug, name, description, mode }) => ({
    uid,
    slug,
    data_center: {},
    is_expired: false,
    has_limit_reached: false,
    name,
    description,
    mode,
  }));
  return toPage(results, await countRows(workspaces), paging);
}
