import { BlockList, isIP } from "node:net";

/**
 * Decides which addresses this process may call. URLs of webhooks, fetch nodes, attachments and gateways are written by
 * customers, and the process sits inside a private network: without a guard a template could read the cloud's metadata
 * service. The check applies to the address that a socket is about to connect to, never to the name, because a name may
 * resolve differently a second later (DNS rebinding).
 */
export type AddressGuard = (host: string, address: string) => boolean;

/** IPv4 ranges that are not the public internet, as [network, prefix]. */
const CLOSED_V4: [string, number][] = [
  ["0.0.0.0", 8], // "this network": reaches loopback on Linux
  ["10.0.0.0", 8],
  ["100.64.0.0", 10], // carrier-grade NAT; Alibaba's metadata service is here
  ["127.0.0.0", 8],
  ["168.63.129.16", 32], // Azure's host agent: a public number that answers only inside Azure
  ["169.254.0.0", 16], // link-local: the metadata service of most clouds
  ["172.16.0.0", 12],
  ["192.0.0.0", 24], // protocol assignments; Oracle's metadata service is here
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4], // multicast
  ["240.0.0.0", 4], // reserved, and broadcast
];

const CLOSED_V6: [string, number][] = [
  ["::", 96], // unspecified, loopback, and the retired IPv4-compatible form
  ["64:ff9b:1::", 48], // local NAT64
  ["100::", 64],
  ["2001::", 23], // Teredo and other tunnels contain an IPv4 address that the ranges above would not see
  ["2001:db8::", 32],
  ["2002::", 16], // 6to4, the same
  ["3fff::", 20],
  ["5f00::", 16],
  ["fc00::", 7], // unique local; Amazon's metadata service is here
  ["fe80::", 10],
  ["fec0::", 10],
  ["ff00::", 8], // multicast
];

/**
 * `allow` lists what may be called although it is private: host names, addresses, CIDR ranges, or `"*"` for everything.
 * Blank entries are skipped. Throws on anything else, so that a typo does not silently block (or allow) an address.
 */
export function createAddressGuard(allow: readonly string[]): AddressGuard {
  if (allow.some((entry) => entry.trim() === "*")) {
    return () => true;
  }
  const names = new Set<string>();
  const allowed = new BlockList();
  for (const entry of allow) {
    if (entry.trim() !== "") {
      addAllowed(entry.trim().toLowerCase(), names, allowed);
    }
  }
  const closed = closedRanges();

  return (host, address) => {
    const version = isIP(address);
    if (version === 0) {
      return false;
    }
    const family = version === 4 ? "ipv4" : "ipv6";
    return names.has(host.toLowerCase()) || allowed.check(address, family) || !closed.check(address, family);
  };
}

function addAllowed(entry: string, names: Set<string>, ranges: BlockList): void {
  const [network = "", prefix, ...rest] = entry.split("/");
  const version = isIP(network);
  if (version === 0) {
    if (prefix !== undefined || !/^[a-z0-9._-]+$/.test(network)) {
      throw new Error(`"${entry}" is not a host name, an address, a CIDR range or "*"`);
    }
    names.add(network);
    return;
  }
  const family = version === 4 ? "ipv4" : "ipv6";
  if (prefix === undefined) {
    ranges.addAddress(network, family);
    return;
  }
  const bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (rest.length > 0 || !(bits <= (version === 4 ? 32 : 128))) {
    throw new Error(`"${entry}" is not a CIDR range`);
  }
  ranges.addSubnet(network, bits, family);
}

/** IPv4-mapped IPv6 (`::ffff:10.0.0.1`) is checked against the IPv4 ranges: `BlockList` itself does that. */
function closedRanges(): BlockList {
  const ranges = new BlockList();
  for (const [network, prefix] of CLOSED_V4) {
    ranges.addSubnet(network, prefix, "ipv4");
    // An IPv6-only host reaches IPv4 through the well-known NAT64 prefix: public targets must stay reachable.
    ranges.addSubnet(`64:ff9b::${network}`, 96 + prefix, "ipv6");
  }
  for (const [network, prefix] of CLOSED_V6) {
    ranges.addSubnet(network, prefix, "ipv6");
  }
  return ranges;
}
