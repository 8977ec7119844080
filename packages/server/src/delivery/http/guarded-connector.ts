import { lookup as resolve } from "node:dns";
import type { LookupFunction } from "node:net";
import { isIP } from "node:net";
import { getCACertificates } from "node:tls";
import { buildConnector } from "undici";
import type { AddressGuard } from "./address-guard.ts";

const CONNECT_TIMEOUT_MS = 10_000;

/** A connection that the guard refused. */
export class BlockedAddress extends Error {
  override readonly name = "BlockedAddress";
}

/**
 * Connects only to addresses that the guard allows. A name is checked by the very addresses that the socket will use,
 * in the lookup of the connection itself: between an earlier check and the connection a hostile name server could
 * answer differently. A literal address skips the lookup, so it is checked here.
 */
export function createGuardedConnector(
  guard: AddressGuard,
  options: { ca?: readonly string[]; lookup?: typeof resolve },
): buildConnector.connector {
  const connect = buildConnector({
    timeout: CONNECT_TIMEOUT_MS,
    lookup: guardLookup(guard, options.lookup),
    // A list passed to TLS replaces the system's, so the system's is included.
    ...(options.ca === undefined ? {} : { ca: [...getCACertificates("default"), ...options.ca] }),
  });

  return (target, callback) => {
    const blocked = checkLiteral(guard, target.hostname);
    if (blocked === null) connect(target, callback);
    else callback(blocked, null);
  };
}

/** For connections by name: the addresses that the socket may use are those that the guard has seen. */
export function guardLookup(guard: AddressGuard, lookup = resolve): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, "", 0);
        return;
      }
      const open = addresses.filter(({ address }) => guard(hostname, address));
      const first = open[0];
      if (first === undefined) {
        callback(new BlockedAddress(`${hostname} resolves to a private address`), "", 0);
      } else if (options.all === true) {
        callback(null, open);
      } else {
        callback(null, first.address, first.family);
      }
    });
  };
}

/** For connections by address, which look nothing up. Null for a name, and for an address that may be called. */
export function checkLiteral(guard: AddressGuard, host: string): BlockedAddress | null {
  return isIP(host) === 0 || guard(host, host) ? null : new BlockedAddress(`${host} is a private address`);
}
