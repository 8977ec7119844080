import { describe, expect, it } from "vitest";
import { createAddressGuard } from "./address-guard.ts";

const CLOSED = [
  "0.0.0.0",
  "10.1.2.3",
  "100.64.0.1",
  "100.100.100.200",
  "127.0.0.1",
  "127.255.255.254",
  "168.63.129.16",
  "169.254.169.254",
  "172.16.0.1",
  "172.31.255.255",
  "192.0.0.192",
  "192.168.1.1",
  "198.18.0.1",
  "224.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "::7f00:1",
  "::ffff:127.0.0.1",
  "::ffff:a9fe:a9fe",
  "64:ff9b::127.0.0.1",
  "64:ff9b::a9fe:a9fe",
  "64:ff9b:1::1",
  "2001::1",
  "2002:7f00:1::1",
  "fc00::1",
  "fd00:ec2::254",
  "fe80::1",
  "fec0::1",
  "ff02::1",
];

const OPEN = [
  "1.1.1.1",
  "8.8.8.8",
  "100.63.255.255",
  "100.128.0.1",
  "172.15.255.255",
  "172.32.0.1",
  "192.167.255.255",
  "223.255.255.255",
  "::ffff:8.8.8.8",
  "64:ff9b::8.8.8.8",
  "2606:4700::1111",
  "2a00:1450::1",
];

describe("address guard", () => {
  it.each(CLOSED)("keeps %s closed", (address) => {
    expect(createAddressGuard([])("example.com", address)).toBe(false);
  });

  it.each(OPEN)("leaves %s open", (address) => {
    expect(createAddressGuard([])("example.com", address)).toBe(true);
  });

  it("opens a private address by its own number, by a range and by the name that led to it", () => {
    expect(createAddressGuard(["10.0.0.5"])("x", "10.0.0.5")).toBe(true);
    expect(createAddressGuard(["10.0.0.5"])("x", "10.0.0.6")).toBe(false);
    expect(createAddressGuard(["10.0.0.0/8"])("x", "10.200.0.6")).toBe(true);
    expect(createAddressGuard(["10.0.0.0/8"])("x", "::ffff:10.200.0.6")).toBe(true);
    expect(createAddressGuard(["fd00::/8"])("x", "fd12::1")).toBe(true);
    expect(createAddressGuard(["SMS.internal"])("sms.INTERNAL", "10.0.0.5")).toBe(true);
    expect(createAddressGuard(["sms.internal"])("other.internal", "10.0.0.5")).toBe(false);
    expect(createAddressGuard(["sms.internal"])("sms.internal.evil.example", "10.0.0.5")).toBe(false);
  });

  it("skips blank entries", () => {
    expect(createAddressGuard(["", " "])("x", "10.0.0.1")).toBe(false);
  });

  it("opens everything for a star", () => {
    expect(createAddressGuard(["*"])("x", "169.254.169.254")).toBe(true);
  });

  it("refuses anything but an address", () => {
    expect(createAddressGuard([])("x", "localhost")).toBe(false);
    expect(createAddressGuard([])("x", "")).toBe(false);
  });

  it.each(["10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8/8", "::1/129", "http://x", "a/b", "10.0.0.0/-1"])(
    "refuses to start with the entry %j",
    (entry) => {
      expect(() => createAddressGuard([entry])).toThrow(/is not/);
    },
  );
});
