import { expect } from "vitest";
import { onApi as it } from "../../test/fixture.ts";
import { recordedCredentials } from "./recorded-credentials.ts";

it("records what a command on the server makes and takes back, without the secrets", async ({
  hub,
  harness,
}) => {
  const { db, ids, workspaces } = harness.services;
  const credentials = recordedCredentials(workspaces, db, ids);
  const token = await credentials.createServiceToken("ci");
  const key = await credentials.createApiKey(hub.workspace, "backend");
  const pair = await credentials.createKey(hub.workspace);
  await credentials.revoke(hub.workspace, token.id);
  await credentials.revoke(hub.workspace, key.id);
  await credentials.revoke(hub.workspace, pair.ws_key);
  expect(await credentials.revoke(hub.workspace, "unknown")).toBe(false);
  const rows = await db.query<{ action: string; entity: string }>(
    "select * from audit where workspace_id = $1 or entity = $2 order by id",
    [hub.workspace_id, `service_token/${token.id}`],
  );
  expect(rows.map(({ action }) => action)).toEqual([
    "service_token.generated",
    "api_key.generated",
    "workspace_key.generated",
    "service_token.deleted",
    "api_key.deleted",
    "workspace_key.deleted",
  ]);
  expect(rows.map(({ entity }) => entity)).toContain(`api_key/${key.id}`);
  const text = JSON.stringify(rows);
  for (const secret of [token.token, key.api_key, pair.secret]) expect(text).not.toContain(secret);
});
