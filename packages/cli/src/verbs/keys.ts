import { parseArgs } from "node:util";
import { openCredentials } from "@carillon/server";

/**
 * Works on the database directly, because credentials are what one lacks when one asks; beside a running server
 * or without one.
 */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      workspace: { type: "string", default: "staging" },
      "new-key": { type: "boolean" },
      "new-api-key": { type: "string" },
      "new-service-token": { type: "string" },
    },
  });
  const { workspaces, close } = await openCredentials();
  try {
    const workspace = await workspaces.findBySlug(values.workspace);
    if (workspace === null) {
      const known = (await workspaces.list()).map(({ slug }) => slug).join(", ");
      throw new Error(
        `no workspace "${values.workspace}". There are: ${known || "none yet; start the server once"}`,
      );
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
    if (apiKeyName === undefined && tokenName === undefined) {
      console.log(
        "API keys and service tokens are stored hashed: --new-api-key NAME and --new-service-token NAME make more.",
      );
    }
  } finally {
    await close();
  }
}
