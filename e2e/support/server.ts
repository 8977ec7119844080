import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { until } from "../../packages/server/test/harness.ts";

/** A server as a user starts it: the command in a separate process, on a database that is empty but migrated. */
export interface ServerProcess {
  url: string;
  /** As printed by the first start. */
  credentials: Credentials;
  /** The log output so far. */
  output: () => string;
  /** Ends it as systemd would; resolves to its exit code. */
  stop: () => Promise<number | null>;
}

export interface Credentials {
  ws_key: string;
  ws_secret: string;
  api_key: string;
  service_token: string;
}

const CLI = fileURLToPath(new URL("../../packages/cli/src/main.ts", import.meta.url));
const ENVIRONMENT = ["PATH", "HOME", "TMPDIR", "SYSTEMROOT"];

export async function startServer(env: Record<string, string>): Promise<ServerProcess> {
  const inherited = Object.fromEntries(ENVIRONMENT.map((name) => [name, process.env[name] ?? ""]));
  const child = spawn(process.execPath, [CLI, "start"], {
    env: { ...inherited, PORT: "0", LOG_LEVEL: "warn", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += String(chunk)));
  const output = () => said;
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}: ${said}`);
    return /service token +\S+/.test(said);
  });
  const read = (name: string) => new RegExp(`${name} +(\\S+)`).exec(said)?.[1] ?? "";
  return {
    url: read("base URL"),
    credentials: {
      ws_key: read("workspace key"),
      ws_secret: read("workspace secret"),
      api_key: read("API key"),
      service_token: read("service token"),
    },
    output,
    stop: () => stop(child),
  };
}

async function stop(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  await gone;
  return child.exitCode;
}
