import type { lookup } from "node:dns";
import { connect, type Socket } from "node:net";
import { createAddressGuard } from "./address-guard.ts";
import { checkLiteral, guardLookup } from "./guarded-connector.ts";

/**
 * The only way out for protocols that are not HTTP: a TCP connection to an address that the guard of HTTP calls allows.
 * Rejects with a `BlockedAddress`, or with the error of the socket.
 */
export type Dial = (target: { host: string; port: number; timeout_ms: number }) => Promise<Socket>;

export interface DialOptions {
  /** As for HTTP: private hosts, addresses and CIDR ranges that may be called nevertheless. */
  allow_private?: readonly string[];
  /** Replaces the system resolver. Its results are still checked by the guard. */
  lookup?: typeof lookup;
}

export function createDial(options: DialOptions = {}): Dial {
  const guard = createAddressGuard(options.allow_private ?? []);
  const guardedLookup = guardLookup(guard, options.lookup);
  return ({ host, port, timeout_ms }) => {
    const blocked = checkLiteral(guard, host);
    if (blocked !== null) return Promise.reject(blocked);
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, lookup: guardedLookup });
      const timer = setTimeout(() => {
        socket.destroy(Object.assign(new Error("no connection in time"), { code: "ETIMEDOUT" }));
      }, timeout_ms);
      socket.once("connect", () => {
        clearTimeout(timer);
        socket.off("error", fail);
        resolve(socket);
      });
      const fail = (error: Error): void => {
        clearTimeout(timer);
        reject(error);
      };
      socket.once("error", fail);
    });
  };
}
