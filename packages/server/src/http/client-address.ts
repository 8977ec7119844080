import type { IncomingMessage } from "node:http";
import proxyAddress from "@fastify/proxy-addr";
import { networkOf } from "./gate.ts";

/** The address of a client whose request does not pass through the framework, as `RouteContext.address`. */
export function createClientAddress(
  trusted_proxies: readonly string[],
): (request: IncomingMessage) => string {
  const isTrusted = proxyAddress.compile([...trusted_proxies]);
  return (request) => networkOf(proxyAddress(request, isTrusted));
}
