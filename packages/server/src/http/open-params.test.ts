import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createOpenParams } from "./open-params.ts";

const open = (path: string) => ({ path, openParam: "id" });
const encode = createOpenParams([
  open("/v2/person/:id/category/:slug/"),
  open("/v2/person/:id/category/"),
  open("/v2/person/:id/full/"),
  { path: "/v2/other/:id/full/" },
]);

describe("a path whose parameter is sent as it is", () => {
  it.each([
    ["/v2/person/ann/full", "/v2/person/ann/full"],
    ["/v2/person/ann/full/", "/v2/person/ann/full/"],
    ["/v2/person/ann/full/?a=1?b", "/v2/person/ann/full/?a=1?b"],
    ["/v2/person/a/b/full?x=/v2/person/c/d/full", "/v2/person/a%2Fb/full?x=/v2/person/c/d/full"],
    ["/v2/person/a%2Fb/full", "/v2/person/a%2Fb/full"],
    ["/v2/person/50%/full", "/v2/person/50%25/full"],
    ["/v2/person/a/category/full", "/v2/person/a%2Fcategory/full"],
    ["/v2/person/a/b/category/news/", "/v2/person/a%2Fb/category/news/"],
    ["/v2/person/a/category/b/category/news", "/v2/person/a%2Fcategory%2Fb/category/news"],
    ["/v2/person//a//full", "/v2/person/%2Fa%2F/full"],
    // Not the route's: left to the router.
    ["/v2/person/full", "/v2/person/full"],
    ["/v2/person/a/b/none", "/v2/person/a/b/none"],
    ["/v2/other/a/b/full", "/v2/other/a/b/full"],
    ["/", "/"],
  ])("%s is read as %s", (url, read) => {
    expect(encode(url)).toBe(read);
  });

  it("is read as that of the encoded value, whatever the value", () => {
    const value = fc.string({
      minLength: 1,
      unit: fc.constantFrom("a", "/", "%", "é", " ", "category", "full"),
    });
    fc.assert(
      fc.property(value, (id) => {
        // As a browser sends what a client has joined: percent signs and slashes stay.
        const sent = encodeURI(id).replaceAll("%25", "%");
        const read = /^\/v2\/person\/([^/]+)\/full$/.exec(encode(`/v2/person/${sent}/full`))?.[1];
        const isPlain = !/%[0-9a-f]{2}/i.test(id);
        if (isPlain) expect(decodeURIComponent(read ?? "")).toBe(id);
        else expect(read).toBeDefined();
      }),
    );
  });
});
