import { expect } from "vitest";
import { onOwnApi as it } from "../../test/fixture.ts";
import { createSilentLog } from "../log.ts";
import { forgetBroadcasts } from "./forget-broadcasts.ts";

it("forgets broadcasts that ended longer ago than requests are kept, and no others", async ({
  hub,
  harness,
}) => {
  const { db, config } = harness.services;
  const days = config.RETENTION_REQUEST_DAYS;
  await db.query(
    `insert into broadcast (workspace_id, id, request_id, lane, list_id, template_slug, category, tenant_id,
                            idempotency_key, status, starts_at, created_at, ended_at)
     select $1, name, gen_random_uuid(), 2, 'l', 't', 'c', 'default', 'k', status, now(), now() - interval '9 years',
            now() - age * interval '1 day'
       from (values ('old', 'completed', $2::int + 1), ('young', 'failed', $2 - 1), ('scheduled', 'scheduled', null)) b(name, status, age)`,
    [hub.workspace_id, days],
  );
  await forgetBroadcasts.run({ db, config, log: createSilentLog() });
  const left = await db.query<{ id: string }>("select id from broadcast order by id");
  expect(left.map(({ id }) => id)).toEqual(["scheduled", "young"]);
});
