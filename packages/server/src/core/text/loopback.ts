/** Whether a host name or an address is this machine and nothing else. Names that DNS may point here are not. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, "$1");
  return name === "localhost" || name === "::1" || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/.test(name);
}

/** The host of a `Host` header, without its port. */
export function hostOf(header: string): string {
  return /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(header.trim())?.[1] ?? "";
}
