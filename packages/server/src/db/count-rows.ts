import type { SelectQueryBuilder } from "kysely";

/** How many rows match, whatever the query selects of them. */
export async function countRows<DB, Table extends keyof DB, Row>(
  matching: SelectQueryBuilder<DB, Table, Row>,
): Promise<number> {
  const { count } = await matching
    .clearSelect()
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .$castTo<{ count: number }>()
    .executeTakeFirstOrThrow();
  return count;
}
