import type { FirstCredentials } from "@carillon/server";

/** The text that a first start prints. Secrets are stored hashed or encrypted: they are shown only here. */
export function describeCredentials(first: FirstCredentials, url: string): string {
  return [
    "",
    `Made the workspace "${first.workspace.slug}". Keep these; tokens are shown this once:`,
    "",
    `  base URL          ${url}/`,
    `  workspace key     ${first.ws_key}`,
    `  workspace secret  ${first.ws_secret}`,
    `  API key           ${first.api_key}`,
    `  service token     ${first.service_token}`,
    "",
  ].join("\n");
}
