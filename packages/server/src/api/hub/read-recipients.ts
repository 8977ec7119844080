import type { SelectQueryBuilder } from "kysely";
import type { z } from "zod";
import { countRows } from "../../db/count-rows.ts";
import type { Queryable } from "../../db/db.ts";
import type { Tables } from "../../db/tables.gen.ts";
import { type Cursor, type cursorMeta, readPage, readSlice, type Slice } from "../../http/cursor.ts";
import type { Recipients, StoredRecipient } from "../../recipients/recipients.ts";

/** A page of the recipients that a query selects, newest first, with their profiles and those in `tenant_ids`. */
export async function readRecipients(
  db: Queryable,
  { recipients }: { recipients: Pick<Recipients, "loadById"> },
  workspace_id: number,
  selected: SelectQueryBuilder<Tables, "recipient", object>,
  cursor: Cursor,
  tenant_ids: readonly string[] = [],
): Promise<{ profiles: StoredRecipient[]; meta: z.output<typeof cursorMeta> }> {
  const read = async (slice: Slice) => {
    const found = await readSlice(selected.select("id"), "id", slice);
    const ids = found.map(({ id }) => id);
    const profiles = await recipients.loadById(db, workspace_id, ids, tenant_ids);
    return ids.map((id) => ({ id, profile: profiles.get(id) }));
  };
  const { rows, meta } = await readPage(cursor, read, () => countRows(selected));
  // Those that were deleted after their ids were read have none.
  return { profiles: rows.flatMap(({ profile }) => profile ?? []), meta };
}
