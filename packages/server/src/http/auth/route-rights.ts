import type { Right } from "../../core/people/roles.ts";
import type { RegisteredRoute } from "../route.ts";

/**
 * The right that each endpoint asks of a person. By folder, GET apart from the rest; a file that asks for something else
 * is named. An endpoint that is not here is closed to sessions, and a test names it.
 */
type Needed = Right | typeof SIGNED_IN | typeof NOBODY;

/** It is enough to be signed in. */
export const SIGNED_IN = "signed in";
/** No session is ever asked for here, or comes here: the surface has callers of its own. */
export const NOBODY = "nobody";

interface Rule {
  read: Needed;
  write: Needed;
}

const rule = (read: Needed, write: Needed = read): Rule => ({ read, write });

const CONTENT = rule("content.read", "content.write");
const RECIPIENTS = rule("recipients.read", "recipients.write");
const KEYS = rule("keys.read", "keys.write");
const SETTINGS = rule("settings.read", "settings.write");

const RULES: Record<string, Rule> = {
  // Which workspaces there are is shown by role.
  "account/workspace/list": rule(SIGNED_IN),
  "account/workspace": rule("workspaces.write"),

  "hub/brand": CONTENT,
  "hub/broadcast": rule("send"),
  "hub/broadcast-run": rule("logs.read", "send"),
  "hub/event": rule("send"),
  "hub/message": rule("logs.read", "logs.act"),
  "hub/object": RECIPIENTS,
  "hub/object/delete": rule("recipients.erase"),
  "hub/object/bulk-delete": rule("recipients.erase"),
  "hub/subscriber-list": RECIPIENTS,
  "hub/template": CONTENT,
  "hub/tenant": CONTENT,
  "hub/trigger": rule("send"),
  "hub/user": RECIPIENTS,
  "hub/user/delete": rule("recipients.erase"),
  "hub/user/bulk-delete": rule("recipients.erase"),
  "hub/user/export": rule("recipients.erase"),
  "hub/user/merge": rule("recipients.erase"),
  "hub/user-erasure": rule("recipients.erase"),
  "hub/workflow-run": rule("logs.read", "logs.act"),

  "management/api-key": KEYS,
  "management/audit": rule("audit.read"),
  "management/clock": SETTINGS,
  "management/config": SETTINGS,
  "management/event": CONTENT,
  "management/explain": rule("logs.read"),
  // Of each kind that is found, the role is asked again.
  "management/find": rule("logs.read"),
  "management/log": rule("logs.read"),
  "management/preference-category": CONTENT,
  "management/preference-link": KEYS,
  "management/public-key": KEYS,
  "management/redrive": rule("logs.read", "logs.act"),
  "management/schema": CONTENT,
  "management/signing-key": KEYS,
  "management/simulator": rule("logs.read"),
  "management/template": CONTENT,
  "management/template/send-test": rule("content.test"),
  "management/template/validate-commit": rule("content.read"),
  "management/template/variant/preview": rule("content.test"),
  "management/template/variant/send-test": rule("content.test"),
  "management/translation": CONTENT,
  "management/vendor": rule("content.read", "vendors.write"),
  "management/vendor-health": rule("content.read"),
  "management/vendor-route": rule("content.read", "vendors.write"),
  "management/workflow": CONTENT,

  "people/audit": rule("audit.read"),
  "people/invitation": rule("members.read", "members.write"),
  "people/me": rule(SIGNED_IN),
  "people/member": rule("members.read", "members.write"),
  "people/role": rule(SIGNED_IN),

  client: rule(NOBODY),
  "legacy-inbox": rule(NOBODY),
  "mail-tracking": rule(NOBODY),
  "preference-page": rule(NOBODY),
  "sign-in": rule(NOBODY),
  "vendor-webhooks": rule(NOBODY),
};

/** What a person needs for an endpoint; null: it is in no rule. */
export function neededFor({ file, route }: Pick<RegisteredRoute, "file" | "route">): Needed | null {
  let name = file.replace(/^api\//, "").replace(/\.ts$/, "");
  while (name !== "") {
    const found = Object.hasOwn(RULES, name) ? RULES[name] : undefined;
    if (found !== undefined) return route.method === "GET" ? found.read : found.write;
    name = name.slice(0, Math.max(0, name.lastIndexOf("/")));
  }
  return null;
}
