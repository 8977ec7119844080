import { parseArgs } from "node:util";
import { openCredentials } from "@carillon/server";

const HINTS = `API keys and service tokens are stored hashed and shown once.
  --new-key, --new-api-key NAME, --new-service-token NAME    make one
  --revoke ID                                                takes one back, within ten seconds everywhere
  --new-workspace SLUG --mode sandbox|production             makes a workspace`;

/** Works on the database directly, because its users may not have credentials yet; with or without a running server. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      workspace: { type: "string", default: "staging" },
      "new-key": { type: "boolean" },
      "new-api-key": { type: "string" },
      "new-service-token": { type: "string" },
      "new-workspace": { type: "string" },
      mode: { type: "string", default: "sandbox" },
      revoke: { type: "string" },
    },
  });
  const { workspaces, makeWorkspace, close } = await openCredentials();
  try {
    const slug = values["new-workspace"];
    if (slug !== undefined) await makeWorkspace({ slug, name: slug, mode: readMode(values.mode) });
    const workspace = await workspaces.findBySlug(slug ?? values.workspace);
    if (workspace === null) {
      const known = (await workspaces.list()).map(({ slug }) => slug).join(", ");
      throw new Error(
        `no workspace "${values.workspace}". There are: ${known || "none yet; start the server once"}`,
      );
    }
    if (values.revoke !== undefined && !(await workspaces.revoke(workspace, values.revoke))) {
      throw new Error(`no key or token "${values.revoke}" is in use in ${workspace.slug}`);
    }
    if (values["new-key"]) await workspaces.createKey(workspace);
    console.log(`workspace ${workspace.slug} (${workspace.mode})`);
    for (const { ws_key, secret, is_active } of await workspaces.listKeys(workspace)) {
      console.log(
        `  workspace key     ${ws_key}${is_active ? "" : "  (inactive)"}\n  workspace secret  ${secret}`,
      );
    }
    const apiKeyName = values["new-api-key"];
    if (apiKeyName !== undefined)
      console.log(`  API key           ${(await workspaces.createApiKey(workspace, apiKeyName)).api_key}`);
    const tokenName = values["new-service-token"];
    if (tokenName !== undefined)
      console.log(`  service token     ${(await workspaces.createServiceToken(tokenName)).token}`);
    if (apiKeyName !== undefined || tokenName !== undefined) return;
    for (const { kind, masked, name, id } of await workspaces.listTokens(workspace)) {
      console.log(`  ${kind.padEnd(16)}  ${masked}  ${name}  (${id})`);
    }
    console.log(HINTS);
  } finally {
    await close();
  }
}

function readMode(mode: string): "sandbox" | "production" {
  if (mode === "sandbox" || mode === "production") return mode;
  throw new Error(`--mode: must be sandbox or production, is "${mode}"`);
}
