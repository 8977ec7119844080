import { expect } from "vitest";
import { onOwnApi as it } from "../../test/fixture.ts";
import { createSilentLog } from "../log.ts";
import { removeRetiredLists } from "./remove-retired-lists.ts";

it("removes what deleted lists and replaced versions held, however much, and nothing else", async ({
  hub,
  harness,
}) => {
  const { db, config } = harness.services;
  await db.query(
    `insert into recipient (workspace_id, id, distinct_id)
     select $1, 'r-' || n, 'u-' || n from generate_series(1, 10001) as n`,
    [hub.workspace_id],
  );
  for (const list_id of ["kept", "gone", "replaced"])
    await hub.call("POST", "/v1/subscriber_list/", { list_id });
  await db.query(
    `insert into list_member (workspace_id, version_id, recipient_id, id)
     select l.workspace_id, l.version_id, r.id, r.id from list l join recipient r using (workspace_id)
      where l.workspace_id = $1`,
    [hub.workspace_id],
  );
  await hub.call("DELETE", "/v1/subscriber_list/gone/");
  const { version_id } = (await hub.call("POST", "/v1/subscriber_list/replaced/start_sync/", {})).json as {
    version_id: string;
  };
  const path = `/v1/subscriber_list/replaced/version/${version_id}/`;
  await hub.call("POST", `${path}subscriber/add/`, { distinct_ids: ["u-1"] });
  await hub.call("PATCH", `${path}finish_sync/`, {});

  await removeRetiredLists.run({ db, config, log: createSilentLog() });

  const left = await db.query<object>(
    `select v.list_id, v.state, count(m.*)::int as members from list_version v
       left join list_member m using (workspace_id, version_id)
      where v.workspace_id = $1 group by 1, 2 order by 1`,
    [hub.workspace_id],
  );
  expect(left).toEqual([
    { list_id: "kept", state: "live", members: 10_001 },
    { list_id: "replaced", state: "live", members: 1 },
  ]);
});
