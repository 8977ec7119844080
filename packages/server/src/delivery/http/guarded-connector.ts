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
  const lookup = options.lookup ?? resolve;
  const guardedLookup: LookupFunction = (hostname, lookupOptions, callback) => {
    lookup(hostname, { ...lookupOptions, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, "", 0);
        return;
      }
      const open = addresses.filter(({ address }) => guard(hostname, address));
      const first = open[0];
      if (first === undefined) {
        callback(new BlockedAddress(`${hostname} resolves to a private address`), "", 0);
      } else if (lookupOptions.all === true) {
        callback(null, open);
      } else {
        callback(null, first.address, first.family);
      }
    });
  };
  const connect = buildConnector({
    timeout: CONNECT_TIMEOUT_MS,
    lookup: guardedLookup,
    // A list passed to TLS replaces the system's, so the system's is included.
    ...(options.ca === undefined ? {} : { ca: [...getCACertificates("default"), ...options.ca] }),
  });

  return (target, callback) => {
    if (isIP(target.hostname) !== 0 && !guard(target.hostname, target.hostname)) {
      callback(new BlockedAddress(`${target.hostname} is a private address`), null);
      return;
    }
    connect(target, callback);
  };
}
