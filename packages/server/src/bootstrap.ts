import { LOCKS } from "./db/locks.ts";
import { seedVendors } from "./delivery/vendor-table.ts";
import type { Db, Tx } from "./db/db.ts";
import type { IdSource } from "./ids.ts";
import type { SecretBox } from "./workspaces/crypto.ts";
import { createWorkspaces, type NewWorkspace, type Workspace } from "./workspaces/workspaces.ts";

/** What a first start creates: a workspace that sends through simulators, and credentials that are shown once. */
export interface FirstCredentials {
  workspace: Workspace;
  ws_key: string;
  ws_secret: string;
  api_key: string;
  service_token: string;
}

/** The database's rule: safe in the path of a URL and in a file name. */
const SLUG = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/**
 * A workspace that sends through simulators, so that nothing is sent by accident. Throws one line for a slug that is
 * invalid or taken.
 */
export async function makeWorkspace(
  tx: Tx,
  input: NewWorkspace,
  box: SecretBox,
  ids: IdSource,
): Promise<Workspace> {
  const { slug } = input;
  if (!SLUG.test(slug)) {
    throw new Error(
      `${JSON.stringify(slug)} cannot name a workspace: take up to 63 of a-z, 0-9, "-" and "_", a letter or a digit first`,
    );
  }
  const workspace = await createWorkspaces(tx, box, ids)
    .create(input)
    .catch((error: unknown) => {
      if (!isTaken(error)) throw error;
      throw new Error(`there is a workspace "${slug}" already; \`--workspace ${slug}\` shows it`, {
        cause: error,
      });
    });
  await seedVendors(tx, workspace.workspace_id, box, ids);
  return workspace;
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && "constraint" in error && String(error.constraint) === "workspace_slug_key";
}

/** Null when the database has a workspace already. Safe to run on any number of nodes at once. */
export async function bootstrap(db: Db, box: SecretBox, ids: IdSource): Promise<FirstCredentials | null> {
  return db.tx(async (tx) => {
    await tx.query("select pg_advisory_xact_lock($1)", [LOCKS.first_workspace]);
    const workspaces = createWorkspaces(tx, box, ids);
    if ((await workspaces.list()).length > 0) return null;
    const workspace = await makeWorkspace(
      tx,
      { slug: "staging", name: "Staging", mode: "sandbox" },
      box,
      ids,
    );
    const { ws_key, secret } = await workspaces.createKey(workspace);
    const { api_key } = await workspaces.createApiKey(workspace, "first key");
    const { token } = await workspaces.createServiceToken("first token");
    return { workspace, ws_key, ws_secret: secret, api_key, service_token: token };
  });
}
