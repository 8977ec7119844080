import { once } from "node:events";
import { createServer } from "node:net";
import type { FastifyInstance } from "fastify";

/** Where to listen. A port of 0 takes a free one. */
export interface Address {
  host: string;
  port: number;
}

/** Returns the URL that it listens on. Throws one line that names the setting, HOST or PORT, and the remedy. */
export async function listen(app: FastifyInstance, address: Address): Promise<string> {
  try {
    return await app.listen(address);
  } catch (error) {
    throw explainListen(error, address);
  }
}

/**
 * Refuses an address that cannot be listened on, as `listen` would, before the start has done anything else. It does
 * not keep the port, so another process may still take it first.
 */
export async function tryAddress({ host, port }: Address): Promise<void> {
  const probe = createServer();
  try {
    probe.listen({ host, port, exclusive: true });
    await once(probe, "listening");
  } catch (error) {
    throw explainListen(error, { host, port });
  } finally {
    probe.close();
  }
}

export function explainListen(error: unknown, { host, port }: Address): Error {
  const { code, message }: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error));
  return new Error(reasonOf(code, message, host, port), { cause: error });
}

function reasonOf(code: string | undefined, said: string, host: string, port: number): string {
  switch (code) {
    case "EADDRINUSE":
      return `Port ${port} on ${host} is taken. Stop what uses it, or set PORT.`;
    case "EACCES":
    case "EPERM":
      return `This user may not listen on port ${port}. Set PORT to one above 1023, and let a proxy in front take ${port}.`;
    case "EADDRNOTAVAIL":
      return `${host} is not an address of this machine. Set HOST to one that is: 127.0.0.1 for this machine alone, 0.0.0.0 for all.`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `The name ${host} has no address here. Set HOST to an address of this machine: 127.0.0.1 for this machine alone, 0.0.0.0 for all.`;
    case "EAFNOSUPPORT":
    case "EINVAL":
      return `This machine cannot listen on ${host} (${said}). Set HOST to another of its addresses, such as 127.0.0.1 or 0.0.0.0.`;
    case undefined:
    default:
      return `Cannot listen on port ${port} of ${host} (${said}). Correct HOST or PORT.`;
  }
}
