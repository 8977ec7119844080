import { describe, expect, it } from "vitest";
import { type Grant, roleIn } from "./roles.ts";

describe("roleIn", () => {
  it.each<[string, Grant[], number | null, string | null]>([
    ["none", [], 1, null],
    ["the one for the workspace", [{ workspace_id: 1, role: "editor" }], 1, "editor"],
    ["none from another workspace", [{ workspace_id: 2, role: "admin" }], 1, null],
    ["the one for all", [{ workspace_id: null, role: "viewer" }], 1, "viewer"],
    [
      "the one for the workspace before the one for all, even if it may do less",
      [
        { workspace_id: null, role: "admin" },
        { workspace_id: 1, role: "viewer" },
      ],
      1,
      "viewer",
    ],
    ["above workspaces only the one for all", [{ workspace_id: 1, role: "admin" }], null, null],
  ])("gives %s", (_title, grants, workspace_id, role) => {
    expect(roleIn(grants, workspace_id)).toBe(role);
  });
});
