import { describe, expect, it } from "vitest";
import { hostOf, isLoopback } from "./loopback.ts";

describe("isLoopback", () => {
  it.each(["localhost", "LOCALHOST", "127.0.0.1", "127.9.8.7", "::1", "[::1]", "::ffff:127.0.0.1"])(
    "%s is this machine",
    (host) => expect(isLoopback(host)).toBe(true),
  );

  it.each([
    "",
    "0.0.0.0",
    "::",
    "10.0.0.1",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "evil.example",
    "127.0.0",
    "2130706433",
    "localhost.",
  ])("%j may be another", (host) => expect(isLoopback(host)).toBe(false));
});

describe("hostOf", () => {
  it.each([
    ["localhost:3000", "localhost"],
    ["127.0.0.1", "127.0.0.1"],
    ["[::1]:3000", "[::1]"],
    ["evil.example:80", "evil.example"],
    ["localhost:3000@evil.example", ""],
    ["localhost:3000:1", ""],
    ["", ""],
  ])("%j names %j", (header, host) => expect(hostOf(header)).toBe(host));
});
