import { slugProblem } from "./core/workspace-slug.ts";
import { LOCKS } from "./db/locks.ts";
import { seedVendors } from "./delivery/vendor-table.ts";
import type { Db, Tx } from "./db/db.ts";
import type { IdSource } from "./ids.ts";
import type { SecretBox } from "./workspaces/crypto.ts";
import {
  createWorkspaces,
  type MadeWorkspace,
  type NewWorkspace,
  SlugError,
  type Workspace,
} from "./workspaces/workspaces.ts";

/** What a first start creates: a workspace that sends through simulators, and credentials that are shown once. */
export interface FirstCredentials {
  workspace: Workspace;
  ws_key: string;
  ws_secret: string;
  api_key: string;
  service_token: string;
}

/**
 * A workspace with a key, which sends through simulators, so that nothing is sent by accident. Throws a `SlugError`.
 */
export async function makeWorkspace(
  tx: Tx,
  input: NewWorkspace,
  box: SecretBox,
  ids: IdSource,
): Promise<MadeWorkspace> {
  const { slug } = input;
  const problem = slugProblem(slug);
  if (problem !== null) throw new SlugError(problem, { is_taken: false });
  const workspaces = createWorkspaces(tx, box, ids);
  const workspace = await workspaces.create(input).catch((cause: unknown) => {
    if (!isTaken(cause)) throw cause;
    throw new SlugError(`there is a workspace "${slug}" already`, { is_taken: true });
  });
  await seedVendors(tx, workspace.workspace_id, box, ids);
  return { workspace, ...(await workspaces.createKey(workspace)) };
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
    const staging = { slug: "staging", name: "Staging", mode: "sandbox" } as const;
    const { workspace, ws_key, secret } = await makeWorkspace(tx, staging, box, ids);
    const { api_key } = await workspaces.createApiKey(workspace, "first key");
    const { token } = await workspaces.createServiceToken("first token");
    return { workspace, ws_key, ws_secret: secret, api_key, service_token: token };
  });
}
