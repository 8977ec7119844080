import { expect } from "vitest";
import { onOwnApi as it } from "../../../test/fixture.ts";
import { until } from "../../../test/harness.ts";
import type { Pipeline } from "../../../test/pipeline.ts";

/* Drafts of lists that are more than the transaction of their swap tells of. */

const PATH = "/v1/subscriber_list/beta/";
/** More than the pages that are told at once. */
const USERS = 6500;

const query = <Row extends object>(pipeline: Pipeline, text: string, ...values: unknown[]) =>
  pipeline.services.db.query<Row>(text, [pipeline.workspace_id, ...values]);

async function move(pipeline: Pipeline, path: string, way: "add" | "remove", from: number, to: number) {
  const distinct_ids = Array.from({ length: to - from }, (_none, index) => `u-${from + index}`);
  const answer = await pipeline.call("POST", `${path}subscriber/${way}/`, { distinct_ids });
  expect(answer.status).toBe(201);
}

const eventsOf = async (pipeline: Pipeline) => {
  const rows = await query<{ way: string; users: number; requests: number }>(
    pipeline,
    `select name as way, count(distinct body ->> 'distinct_id')::int as users, count(*)::int as requests
       from request where workspace_id = $1 group by 1 order by 1`,
  );
  return rows.map(({ way, users, requests }) => [way, users, requests]);
};

it("tells each user once who entered or left, however many come and go meanwhile", async ({
  pipeline,
  workers,
}) => {
  await query(
    pipeline,
    `insert into recipient (workspace_id, id, distinct_id) select $1, 'r-' || n, 'u-' || n from generate_series(0, $2) n`,
    2 * USERS,
  );
  await pipeline.call("POST", "/v1/subscriber_list/", { list_id: "beta" });
  await move(pipeline, PATH, "add", 0, USERS);
  await pipeline.call("POST", "/v1/subscriber_list/", {
    list_id: "beta",
    track_user_entry: true,
    track_user_exit: true,
  });
  const { version_id } = (await pipeline.call("POST", `${PATH}start_sync/`, {})).json as {
    version_id: string;
  };
  const draft = `${PATH}version/${version_id}/`;
  await move(pipeline, draft, "add", USERS - 10, 2 * USERS - 10);
  expect((await pipeline.call("PATCH", `${draft}finish_sync/`, {})).status).toBe(201);
  expect(await eventsOf(pipeline)).not.toContainEqual(["$USER_EXITED_LIST - beta", USERS - 10, USERS - 10]);
  // Has just entered, and leaves by a call before it is told that it entered; and one the other way round.
  await move(pipeline, PATH, "remove", 2 * USERS - 20, 2 * USERS - 15);
  await move(pipeline, PATH, "add", 0, 5);

  await workers.start();
  await until(async () => {
    const [row] = await query<{ busy: boolean }>(
      pipeline,
      `select exists (select from list_swap where workspace_id = $1)
           or exists (select from pgboss.job where state <= 'active') as busy`,
    );
    return row?.busy === false;
  }, 60);
  expect(await eventsOf(pipeline)).toEqual([
    ["$USER_ENTERED_LIST - beta", USERS - 10 + 5, USERS - 10 + 5],
    ["$USER_EXITED_LIST - beta", USERS - 10 + 5, USERS - 10 + 5],
  ]);
  expect(await query<object>(pipeline, "select from list_snapshot where workspace_id = $1")).toEqual([]);
});
