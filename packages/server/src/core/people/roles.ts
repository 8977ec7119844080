/**
 * Who may do what. A role is a set of rights in a workspace; every endpoint names the right that it needs. The wire
 * knows two roles, Admin and Member (platform.md 11); Member is called Editor here, since everybody is a member.
 */
export const RIGHTS = {
  "content.read": "see workflows, templates, translations, schemas, events, categories, tenants and vendors",
  "content.write":
    "change drafts, commit them, roll back, switch workflows on and off, edit tenants, categories and lists",
  "content.test": "preview, rehearse, and send tests",
  "logs.read": "see requests, runs, messages and why",
  "logs.act": "cancel, redrive, and change what messages are",
  "recipients.read": "see users, objects, their preferences and who is in lists",
  "recipients.write": "change users, objects, their preferences and who is in lists",
  "recipients.erase": "delete users and objects, erase and export a person",
  "personal.read": "see addresses, properties and payloads as they are, not masked",
  send: "trigger workflows, post events, send and cancel broadcasts",
  "vendors.write": "change vendors and their order, and call them to try their settings",
  "keys.read": "see which keys there are",
  "keys.write": "make and take back keys",
  "settings.read": "see the settings of the workspace and its clock",
  "settings.write": "change the settings of the workspace, its test mode and its clock",
  "audit.read": "see who changed what",
  "members.read": "see who has access",
  "members.write": "invite people, change their roles, end their access",
  "workspaces.write": "make workspaces",
} as const;

export type Right = keyof typeof RIGHTS;

const EVERYTHING = Object.keys(RIGHTS) as Right[];

/** From the one that may do most. A key would open everything that a role closes: only those two make keys. */
export const ROLES = {
  admin: { name: "Admin", rights: EVERYTHING },
  developer: {
    name: "Developer",
    rights: EVERYTHING.filter((right) => right !== "members.write" && right !== "workspaces.write"),
  },
  editor: {
    name: "Editor",
    rights: [
      "content.read",
      "content.write",
      "content.test",
      "logs.read",
      "recipients.read",
      "settings.read",
      "members.read",
    ],
  },
  support: {
    name: "Support",
    rights: [
      "content.read",
      "logs.read",
      "logs.act",
      "recipients.read",
      "recipients.write",
      "settings.read",
      "members.read",
    ],
  },
  viewer: {
    name: "Viewer",
    rights: ["content.read", "logs.read", "recipients.read", "settings.read", "members.read"],
  },
} as const satisfies Record<string, { name: string; rights: readonly Right[] }>;

export type Role = keyof typeof ROLES;

export const ROLE_NAMES = Object.keys(ROLES) as Role[];

/** A role in one workspace, or in all there are and will be. */
export interface Grant {
  workspace_id: number | null;
  role: Role;
}

/**
 * The role that counts in a workspace: the one for this workspace, else the one for all. With null: above workspaces,
 * where only a role for all counts. Null: no access.
 */
export function roleIn(grants: readonly Grant[], workspace_id: number | null): Role | null {
  const own = grants.find((grant) => grant.workspace_id === workspace_id);
  return (own ?? grants.find((grant) => grant.workspace_id === null))?.role ?? null;
}

export function hasRight(role: Role, right: Right): boolean {
  return (ROLES[role].rights as readonly Right[]).includes(right);
}
