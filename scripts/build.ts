/** `npm run build`: the published packages as plain JavaScript with types, in their `dist` folders. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { root, steps, tool } from "./run-steps.ts";

const PUBLISHED = ["sdk", "inbox"];

await steps(
  PUBLISHED.map((name) => [
    name,
    async () => {
      await rm(join(root, "packages", name, "dist"), { recursive: true, force: true });
      return tool("tsc", ["-p", join("packages", name, "tsconfig.build.json")]);
    },
  ]),
);
