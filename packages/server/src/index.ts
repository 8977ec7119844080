/** The package's entry point, for the command line and for embedding. */
export { type Config, readConfig } from "./config.ts";
export type { FirstCredentials } from "./bootstrap.ts";
export { backUp, type Carillon, openCredentials, startCarillon } from "./main.ts";
export type { Workspace, Workspaces } from "./workspaces/workspaces.ts";
