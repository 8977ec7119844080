import { z } from "zod";
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

/** In the order of their making. */
export async function readWorkspaces(
  db: Queryable,
  paging: Paging,
): Promise<Page<z.input<typeof workspaceShape>>> {
  const rows = await db.kysely
    .selectFrom("workspace")
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
  return toPage(results, await countWorkspaces(db), paging);
}
