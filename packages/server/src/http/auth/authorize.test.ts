import { describe, expect } from "vitest";
import { routes } from "../../api/index.gen.ts";
import { hasRight, type Right, RIGHTS, ROLE_NAMES, ROLES } from "../../core/people/roles.ts";
import { neededFor, NOBODY, SIGNED_IN } from "./route-rights.ts";
import { onOwnApi as it } from "../../../test/fixture.ts";
import { signedIn } from "../../../test/outside/browser.ts";

const named = routes.map((registered) => ({
  ...registered,
  name: `${registered.route.method} ${registered.route.path}`,
  needed: neededFor(registered),
}));

describe("every endpoint", () => {
  it("says which right it asks of a person", () => {
    expect(named.filter(({ needed }) => needed === null).map(({ file }) => file)).toEqual([]);
  });

  it("asks for a right wherever a session is taken", () => {
    const open = named.filter(({ surface, needed }) => surface.takes_sessions === true && needed === NOBODY);
    expect(open.map(({ file }) => file)).toEqual([]);
  });

  it("changes nothing for who may only read", () => {
    const reading = named.filter(
      ({ route, needed }) => route.method !== "GET" && typeof needed === "string" && needed.endsWith(".read"),
    );
    // It looks at a draft and writes nothing.
    expect(reading.map(({ file }) => file)).toEqual(["api/management/template/validate-commit.ts"]);
  });
});

describe("a role", () => {
  it("has each right that a lesser one has", () => {
    for (const lesser of ["developer", "editor", "support", "viewer"] as const) {
      expect(ROLES[lesser].rights.filter((right) => !hasRight("admin", right))).toEqual([]);
    }
    expect(ROLES.viewer.rights.filter((right) => !hasRight("editor", right))).toEqual([]);
    expect(ROLES.viewer.rights.filter((right) => !hasRight("support", right))).toEqual([]);
  });

  it("makes keys only if it sees what they open", () => {
    const makers = ROLE_NAMES.filter((role) => hasRight(role, "keys.write"));
    expect(
      makers.filter((role) => !hasRight(role, "personal.read") || !hasRight(role, "recipients.write")),
    ).toEqual([]);
  });

  it("is asked for every right by some endpoint or mask", () => {
    const asked = new Set<string>([...named.map(({ needed }) => needed ?? ""), "personal.read"]);
    expect((Object.keys(RIGHTS) as Right[]).filter((right) => !asked.has(right))).toEqual([]);
  });
});

/** Above workspaces a role in one of them counts for nothing but its people. */
const isInWorkspace = (surface: string) => surface === "hub" || surface === "management";

describe("a session", () => {
  it.for(ROLE_NAMES)(
    "403: as %s, every call beyond the rights of the role, and no other",
    async (role, { harness }) => {
      const { slug, uid } = harness.workspace;
      const browser = await signedIn(harness, [{ workspace: slug, role }]);
      const wrong: string[] = [];
      for (const { route, surface, name, needed } of named) {
        if (surface.takes_sessions !== true || needed === null || needed === NOBODY) continue;
        // What the path names does not exist: nothing is changed by those that are let through.
        const url = route.path
          .replace(":workspace/", `${slug}/`)
          .replace(":workspace_key", uid)
          .replaceAll(/:\w+/g, "nothing");
        const body = route.method === "GET" ? undefined : "no body of any endpoint";
        const { status, text } = await browser.call(route.method, url, body, { "carillon-workspace": slug });
        const isRefused = status === 403 && text.replaceAll("\\", "").includes(`the right "${needed}"`);
        const mayPass =
          needed === SIGNED_IN ||
          (hasRight(role, needed) && (isInWorkspace(surface.name) || needed.startsWith("members.")));
        if (isRefused === mayPass) wrong.push(`${name}: ${status} ${text}`);
      }
      expect(wrong).toEqual([]);
    },
  );
});
